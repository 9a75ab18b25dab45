package mechinterp.device.cuda;

import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Span;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/** Attention with its scores written out. Each call reads the spans on the host to check them. */
final class CudaPatterns {
  private final Launches launches;
  private final CudaWork work;

  CudaPatterns(Launches launches) {
    this.launches = launches;
    this.work = launches.work();
  }

  private GpuInts checked(String kernel, IntMatrix spans, FloatMatrix queries, FloatMatrix keys) {
    Span.of(kernel, HostReads.ints(work, spans), queries.rows(), keys.rows());
    return GpuInts.read(work, spans);
  }

  private static LaunchArguments addHeads(
      LaunchArguments arguments,
      GpuInts places,
      IntMatrix spans,
      FloatMatrix pattern,
      FloatMatrix queries,
      int heads,
      int keyValueHeads) {
    return arguments
        .add(places.address())
        .add(spans.rows())
        .add(pattern.cols() / heads)
        .add(heads)
        .add(keyValueHeads)
        .add(queries.cols() / heads);
  }

  /** A block for each head of each row. */
  private void launch(
      String kernel, FloatMatrix x, int heads, int cols, LaunchArguments arguments) {
    int blocks = Math.multiplyExact(x.rows(), heads);
    launches.rows(KernelFamily.PATTERNS, kernel, blocks, cols / heads, arguments);
  }

  void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    try (GpuInts places = checked("attentionScores", spans, q, k)) {
      LaunchArguments arguments = new LaunchArguments().add(scores).add(q).add(k);
      addHeads(arguments, places, spans, scores, q, form.heads(), form.keyValueHeads())
          .add(form.scale())
          .add(form.causal() ? 1 : 0)
          .add(form.window())
          .add(form.softCap());
      launch("attention_scores", q, form.heads(), scores.cols(), arguments);
    }
  }

  void attentionValues(
      FloatMatrix out,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    try (GpuInts places = checked("attentionValues", spans, out, v)) {
      LaunchArguments arguments = new LaunchArguments().add(out).add(pattern).add(v);
      addHeads(arguments, places, spans, pattern, out, heads, keyValueHeads);
      launch("attention_values", out, heads, out.cols(), arguments);
    }
  }

  void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      int heads,
      int keyValueHeads) {
    try (GpuInts places = checked("attentionValuesBackward", spans, dOut, v)) {
      LaunchArguments ofPattern = new LaunchArguments().add(dPattern).add(dOut).add(v);
      addHeads(ofPattern, places, spans, pattern, dOut, heads, keyValueHeads);
      launch("pattern_gradients", dOut, heads, pattern.cols(), ofPattern);
      LaunchArguments ofValues = new LaunchArguments().add(dv).add(dOut).add(pattern);
      addHeads(ofValues, places, spans, pattern, dOut, heads, keyValueHeads);
      launch("value_gradients", dv, keyValueHeads, dv.cols(), ofValues);
    }
  }

  void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form) {
    int heads = form.heads();
    int keyValueHeads = form.keyValueHeads();
    try (GpuInts places = checked("attentionScoresBackward", spans, q, k)) {
      LaunchArguments ofQueries = new LaunchArguments().add(dq).add(dScores).add(scores).add(k);
      addHeads(ofQueries, places, spans, scores, q, heads, keyValueHeads)
          .add(form.scale())
          .add(form.softCap());
      launch("score_query_gradients", dq, heads, dq.cols(), ofQueries);
      LaunchArguments ofKeys = new LaunchArguments().add(dk).add(dScores).add(scores).add(q);
      addHeads(ofKeys, places, spans, scores, q, heads, keyValueHeads)
          .add(form.scale())
          .add(form.softCap());
      launch("score_key_gradients", dk, keyValueHeads, dk.cols(), ofKeys);
    }
  }
}
