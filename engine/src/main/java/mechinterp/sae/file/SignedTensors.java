package mechinterp.sae.file;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;

/**
 * The tensors of SAELens' {@code abstopk} as those of a TopK with twice as many latents. AbsTopK
 * (arXiv 2510.00404) keeps the k pre-activations z_i of largest |z_i| with their signs. These are
 * the k largest of relu(z_1 .. z_F, -z_1 .. -z_F): latent i is active where the file's z_i is above
 * 0, latent F + i, whose weights are those of i times -1, where it is below. No code is negative.
 *
 * @param file the file, with F latents
 */
record SignedTensors(TensorFile file) implements TensorFile {
  /** The name in SAELens' {@code cfg.json}. */
  static final String ARCHITECTURE = "abstopk";

  /**
   * Returns the number of latents with both signs.
   *
   * @throws IllegalArgumentException when there are too many
   */
  static int latents(int dSae) {
    if (dSae > Integer.MAX_VALUE / 2) {
      throw new IllegalArgumentException(
          "d_sae: is %d; latents of two signs must be at most %d"
              .formatted(dSae, Integer.MAX_VALUE / 2));
    }
    return 2 * dSae;
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Set<String> tensors() {
    return file.tensors();
  }

  @Override
  public TensorInfo info(String name) throws FormatException {
    return switch (name) {
      case "W_enc" -> {
        TensorInfo one = file.info(name, -1, -1);
        yield of(one, List.of(one.rows(), 2 * one.rowSize()));
      }
      case "b_enc" -> {
        TensorInfo one = file.info(name, -1);
        yield of(one, List.of(2 * one.rows()));
      }
      case "W_dec" -> {
        TensorInfo one = file.info(name, -1, -1);
        yield of(one, List.of(2 * one.rows(), one.rowSize()));
      }
      default -> file.info(name);
    };
  }

  private static TensorInfo of(TensorInfo one, List<Long> shape) {
    return new TensorInfo(one.name(), one.dtype(), shape, one.begin(), one.end());
  }

  /** A part of W_enc is of whole rows. */
  @Override
  public void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
      throws IOException {
    TensorInfo one = file.info(info.name());
    switch (info.name()) {
      case "W_enc" -> {
        int width = (int) one.rowSize();
        for (int row = 0; row < count / (2 * width); row++) {
          int at = offset + row * 2 * width;
          long from = first / 2 + (long) row * width;
          file.readFloats(one, from, to, at, width);
          System.arraycopy(to, at, to, at + width, width);
          negate(to, at + width, width);
        }
      }
      case "b_enc", "W_dec" -> readBoth(one, first, to, offset, count);
      default -> file.readFloats(one, first, to, offset, count);
    }
  }

  private void readBoth(TensorInfo one, long first, float[] to, int offset, int count)
      throws IOException {
    int positive = Math.clamp(one.size() - first, 0, count);
    if (positive > 0) {
      file.readFloats(one, first, to, offset, positive);
    }
    if (positive < count) {
      int rest = count - positive;
      file.readFloats(one, first + positive - one.size(), to, offset + positive, rest);
      negate(to, offset + positive, rest);
    }
  }

  private static void negate(float[] values, int first, int count) {
    for (int i = first; i < first + count; i++) {
      values[i] = -values[i];
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
