package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.ActivationEncoder;
import mechinterp.experiments.run.Evaluation;
import mechinterp.experiments.run.SaeSource;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae encode}. */
@Command(
    name = "encode",
    description = {
      "Encode and reconstruct activations.",
      "OUT holds row_offsets [n+1] (i64), indices (i32) and values (f32) of the active latents row"
          + " by row, and reconstruction [n, d_out] (f32)."
    })
public final class SaeEncode implements Callable<Integer> {
  private static final int BATCH = 1024;

  @Mixin private SaeOption sae;

  @Option(
      names = "--activations",
      required = true,
      paramLabel = "IN",
      description = "Safetensors file with a tensor activations [n, d_in].")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "OUT",
      description = "Safetensors file to write.")
  private Path out;

  @Mixin private CodesOption codes;
  @Mixin private SelectorOption selector;
  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, int tokens, long active, double l0) {}

  @Override
  public Integer call() throws IOException {
    Path parent = out.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new NotDirectoryException(String.valueOf(parent));
    }
    try (Device device = deviceOptions.open();
        ActivationStore store = ActivationStore.ofSafetensors(in)) {
      ActivationEncoder encoder = encoder(sae.find(output), store, device);
      try (Encoded encoded = new Encoded(encoder, store, parent)) {
        encoded.run(output.progress());
        encoded.write(out);
        Result result = encoded.result(out);
        output.print(
            result,
            String.format(
                Locale.ROOT,
                "%s: %,d tokens, %,d active latents, L0 %.2f",
                out,
                result.tokens(),
                result.active(),
                result.l0()));
      }
    }
    return 0;
  }

  private ActivationEncoder encoder(Path place, ActivationStore store, Device device)
      throws IOException {
    int tokens = Math.min(BATCH, store.tokens());
    if (CrossLayerTranscoderFiles.areIn(place)) {
      codes.requireNone(CrossLayerTranscoderConfig.ARCHITECTURE);
      selector.requireNone(CrossLayerTranscoderConfig.ARCHITECTURE);
      CrossLayerTranscoder transcoder = CrossLayerTranscoderFiles.load(place, device).transcoder();
      int batch = Evaluation.batch(transcoder, store);
      ActivationEncoder encoder = ActivationEncoder.of(transcoder, batch);
      SaeSource.requireWidth(store, "layers d_model", encoder.dIn());
      return encoder;
    }
    LoadedSae loaded = SaeFormats.load(place, device);
    SaeSource.requireWidth(store, "d_in", loaded.sae().dIn());
    return ActivationEncoder.of(selector.apply(codes.apply(loaded.sae()), place), tokens);
  }

  /** The codes and reconstructions of a store, on disk until they are written in their order. */
  private static final class Encoded implements AutoCloseable {
    private final ActivationEncoder encoder;
    private final ActivationStore store;
    private final long[] rowOffsets;
    private final Spool indices;
    private final Spool values;
    private final Spool reconstruction;

    Encoded(ActivationEncoder encoder, ActivationStore store, Path folder) throws IOException {
      this.encoder = encoder;
      this.store = store;
      this.rowOffsets = new long[store.tokens() + 1];
      this.indices = new Spool(folder);
      this.values = new Spool(folder);
      this.reconstruction = new Spool(folder);
    }

    void run(Progress.Display display) throws IOException {
      SparseCodes codes = encoder.codes();
      int batch = codes.rows();
      float[] rows = new float[Math.multiplyExact(batch, store.dIn())];
      FloatMatrix input = encoder.device().floats(batch, store.dIn());
      FloatMatrix made = encoder.device().floats(batch, encoder.dOut());
      try (Progress progress = display.start("encode", store.tokens(), "tokens")) {
        for (int first = 0; first < store.tokens(); first += batch) {
          int count = Math.min(batch, store.tokens() - first);
          FloatMatrix x = input.rowRange(0, count);
          SparseCodes active = codes.rowRange(0, count);
          store.read(first, count, rows, 0);
          encoder.device().upload(x, rows, 0);
          encoder.encode(active, made.rowRange(0, count), x);
          addCodes(active, first);
          addReconstruction(made.rowRange(0, count));
          progress.update(first + count);
        }
      }
    }

    private void addCodes(SparseCodes codes, int first) throws IOException {
      int[] counts = encoder.device().toHost(codes.counts());
      int[] latents = encoder.device().toHost(codes.indices());
      float[] activations = encoder.device().toHost(codes.values());
      for (int t = 0; t < counts.length; t++) {
        for (int i = t * codes.capacity(); i < t * codes.capacity() + counts[t]; i++) {
          indices.add(latents[i]);
          values.add(activations[i]);
        }
        rowOffsets[first + t + 1] = rowOffsets[first + t] + counts[t];
      }
    }

    private void addReconstruction(FloatMatrix x) throws IOException {
      for (float number : encoder.device().toHost(x)) {
        reconstruction.add(number);
      }
    }

    void write(Path file) throws IOException {
      new SafetensorsWriter()
          .longs("row_offsets", rowOffsets, rowOffsets.length)
          .tensor("indices", DType.I32, indices::replayInts, indices.size())
          .tensor("values", DType.F32, values::replayFloats, values.size())
          .tensor(
              "reconstruction",
              DType.F32,
              reconstruction::replayFloats,
              store.tokens(),
              encoder.dOut())
          .write(file);
    }

    Result result(Path file) {
      double l0 = (double) indices.size() / store.tokens();
      return new Result(file.toString(), store.tokens(), indices.size(), l0);
    }

    @Override
    public void close() throws IOException {
      try (indices;
          values;
          reconstruction) {
        // Each is closed, whatever happens to the others.
      }
    }
  }
}
