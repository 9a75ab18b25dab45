package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorInfo;
import mechinterp.io.TensorSink;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae decode}. */
@Command(
    name = "decode",
    description = {
      "Reconstruct activations from codes.",
      "OUT holds activations [n, d_in], of transcoders [n, d_out] (f32), as --activations takes them."
    })
public final class SaeDecode implements Callable<Integer> {
  private static final int BATCH = 1024;

  @Mixin private SaeOption option;

  @Option(
      names = "--codes",
      required = true,
      paramLabel = "IN",
      description =
          "Safetensors file with row_offsets, indices and values, as sae encode writes it.")
  private Path in;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "OUT",
      description = "Safetensors file to write.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, int tokens, long active) {}

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open();
        SafetensorsFile file = SafetensorsFile.open(in)) {
      Sae sae = SaeFormats.load(option.find(output), device).sae();
      if (sae.skip().isPresent()) {
        throw new IllegalArgumentException(
            "%s: has a skip connection, which adds a part of the input; codes alone do not give its output"
                .formatted(option));
      }
      if (sae instanceof NormalizedSae normalized) {
        throw new IllegalArgumentException(
            "%s: brings each activation to one scale (%s); codes alone do not give the activation back"
                .formatted(option, normalized.norm()));
      }
      Codes codes = Codes.of(file, sae.dSae());
      new SafetensorsWriter()
          .tensor(
              "activations", DType.F32, sink -> codes.decode(sae, sink), codes.tokens(), sae.dOut())
          .write(out);
      Result result = new Result(out.toString(), codes.tokens(), codes.active());
      output.print(
          result,
          String.format(
              Locale.ROOT,
              "%s: %,d tokens, %,d active latents",
              out,
              codes.tokens(),
              codes.active()));
    }
    return 0;
  }

  /** Codes of a file whose offsets and latents were checked. */
  private static final class Codes {
    private final SafetensorsFile file;
    private final long[] offsets;
    private final int widest;

    private Codes(SafetensorsFile file, long[] offsets, int widest) {
      this.file = file;
      this.offsets = offsets;
      this.widest = widest;
    }

    static Codes of(SafetensorsFile file, int dSae) throws IOException {
      long[] offsets = file.longs("row_offsets");
      long active = file.info("indices", -1).size();
      file.info("values", active);
      int widest = 0;
      boolean rises =
          offsets.length > 0 && offsets[0] == 0 && offsets[offsets.length - 1] == active;
      for (int t = 1; rises && t < offsets.length; t++) {
        rises = offsets[t] >= offsets[t - 1] && offsets[t] - offsets[t - 1] <= dSae;
        widest = (int) Math.max(widest, offsets[t] - offsets[t - 1]);
      }
      if (!rises) {
        throw new FormatException(
            file.source(),
            "row_offsets do not rise from 0 to the %d indices by at most d_sae = %d each"
                .formatted(active, dSae));
      }
      return new Codes(file, offsets, widest);
    }

    int tokens() {
      return offsets.length - 1;
    }

    long active() {
      return offsets[tokens()];
    }

    void decode(Sae sae, TensorSink sink) throws IOException {
      Device device = sae.device();
      int batch = Math.max(1, Math.min(BATCH, tokens()));
      int capacity = Math.max(1, widest);
      SparseCodes codes =
          new SparseCodes(
              device.ints(batch, capacity),
              device.floats(batch, capacity),
              device.ints(batch, 1),
              sae.dSae());
      FloatMatrix reconstruction = device.floats(batch, sae.dOut());
      for (int first = 0; first < tokens(); first += batch) {
        int count = Math.min(batch, tokens() - first);
        SparseCodes part = codes.rowRange(0, count);
        upload(device, part, first);
        FloatMatrix rows = reconstruction.rowRange(0, count);
        sae.decode(rows, part);
        float[] numbers = device.toHost(rows);
        sink.floats(numbers, 0, numbers.length);
      }
    }

    private void upload(Device device, SparseCodes codes, int first) throws IOException {
      int capacity = codes.capacity();
      int tokens = codes.counts().rows();
      int[] counts = new int[tokens];
      int[] latents = new int[tokens * capacity];
      float[] values = new float[tokens * capacity];
      TensorInfo indices = file.info("indices");
      for (int t = 0; t < tokens; t++) {
        long from = offsets[first + t];
        counts[t] = (int) (offsets[first + t + 1] - from);
        file.readInts(indices, from, latents, t * capacity, counts[t]);
        file.readFloats(file.info("values"), from, values, t * capacity, counts[t]);
        requireLatents(latents, t * capacity, counts[t], codes.latents(), first + t);
      }
      device.upload(codes.counts(), counts, 0);
      device.upload(codes.indices(), latents, 0);
      device.upload(codes.values(), values, 0);
    }

    private void requireLatents(int[] latents, int from, int count, int dSae, int token)
        throws FormatException {
      for (int i = from; i < from + count; i++) {
        boolean rises = i == from || latents[i] > latents[i - 1];
        if (latents[i] < 0 || latents[i] >= dSae || !rises) {
          throw new FormatException(
              file.source(),
              "indices of token %d have latent %d; they must rise and be below d_sae = %d"
                  .formatted(token, latents[i], dSae));
        }
      }
    }
  }
}
