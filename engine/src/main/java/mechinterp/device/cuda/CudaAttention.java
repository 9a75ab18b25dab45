package mechinterp.device.cuda;

import java.util.List;
import java.util.function.ToIntFunction;
import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Span;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Attention whose scores are never stored as a whole. Each call reads the spans on the host. */
final class CudaAttention {
  /** Rows and threads of a block, as in attention.cu. */
  private static final int ROWS = 16;

  private static final int THREADS = 128;

  private final Launches launches;
  private final CudaWork work;

  CudaAttention(Launches launches) {
    this.launches = launches;
    this.work = launches.work();
  }

  void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    List<Span> sequences = Span.of("attention", HostReads.ints(work, spans), q.rows(), k.rows());
    try (GpuInts places = GpuInts.read(work, spans)) {
      forward(out, q, k, v, places.address(), sequences, form, 0);
    }
  }

  private void forward(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      long spans,
      List<Span> sequences,
      AttentionForm form,
      long logSums) {
    LaunchArguments arguments = new LaunchArguments().add(out).add(q).add(k).add(v);
    addForm(arguments, spans, q, form).add(logSums);
    long blocks = tiles(sequences, Span::queries) * form.heads();
    launches.launch(KernelFamily.ATTENTION, "attention", blocks, THREADS, arguments);
  }

  private static long tiles(List<Span> sequences, ToIntFunction<Span> rows) {
    return sequences.stream().mapToLong(span -> Math.ceilDiv(rows.applyAsInt(span), ROWS)).sum();
  }

  private static LaunchArguments addForm(
      LaunchArguments arguments, long spans, FloatMatrix q, AttentionForm form) {
    return arguments
        .add(spans)
        .add(form.heads())
        .add(form.keyValueHeads())
        .add(q.cols() / form.heads())
        .add(form.scale())
        .add(form.causal() ? 1 : 0)
        .add(form.window())
        .add(form.softCap());
  }

  /** The forward pass is computed anew for its sums and its output, then queries and keys. */
  void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    List<Span> sequences =
        Span.of("attentionBackward", HostReads.ints(work, spans), q.rows(), k.rows());
    long ofHeads = (long) q.rows() * form.heads();
    try (GpuInts places = GpuInts.read(work, spans);
        DeviceBuffer outputs = work.scratch(q.size());
        DeviceBuffer logSums = work.scratch(ofHeads);
        DeviceBuffer means = work.scratch(ofHeads)) {
      work.clear(outputs, q.size());
      FloatMatrix out = Launches.matrix(outputs, q.rows(), q.cols());
      forward(out, q, k, v, places.address(), sequences, form, logSums.address());
      LaunchArguments dots =
          new LaunchArguments()
              .add(means.address())
              .add(dOut)
              .add(out)
              .add(q.rows())
              .add(form.heads())
              .add(q.cols() / form.heads());
      launches.warps(KernelFamily.ATTENTION, "head_dots", ofHeads, dots);
      LaunchArguments ofQueries = new LaunchArguments().add(dq).add(dOut).add(q).add(k).add(v);
      addForm(ofQueries, places.address(), q, form).add(logSums.address()).add(means.address());
      long queryBlocks = tiles(sequences, Span::queries) * form.heads();
      launches.launch(KernelFamily.ATTENTION, "query_gradients", queryBlocks, THREADS, ofQueries);
      LaunchArguments ofKeys = new LaunchArguments().add(dk).add(dv).add(dOut).add(q).add(k).add(v);
      addForm(ofKeys, places.address(), q, form).add(logSums.address()).add(means.address());
      long keyBlocks = tiles(sequences, Span::keys) * form.keyValueHeads();
      launches.launch(KernelFamily.ATTENTION, "key_gradients", keyBlocks, THREADS, ofKeys);
    }
  }
}
