package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;

/** Angles between the weights of latents. */
public final class DecoderGeometry {
  private static final int BLOCK = 1024;
  private static final Comparator<Neighbour> NEAREST_FIRST =
      Comparator.comparingDouble(Neighbour::cosine).reversed().thenComparing(Neighbour::latent);

  private final Device device;
  private final Kernels kernels;
  private final FloatMatrix encoder;
  private final FloatMatrix decoder;
  private final boolean sameSpace;

  /** Looks at the weights of an autoencoder as they are when asked. */
  public DecoderGeometry(Sae sae) {
    this.device = sae.device();
    this.kernels = device.kernels();
    this.encoder = sae.weights().wEnc();
    this.decoder = sae.weights().wDec();
    this.sameSpace = sae.config().rowWidth() == sae.dIn();
  }

  /**
   * Returns for each of {@code latents} the {@code count} other latents whose decoder rows have the
   * largest cosine with its own, the nearest first, equal ones by number. The decoder is gone
   * through in blocks of 1,024 rows.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public List<List<Neighbour>> neighbours(List<Integer> latents, int count) {
    return nearest(decoder, latents, count);
  }

  /**
   * Returns the same of encoder rows.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public List<List<Neighbour>> encoderNeighbours(List<Integer> latents, int count) {
    return nearest(encoder, latents, count);
  }

  private List<List<Neighbour>> nearest(FloatMatrix all, List<Integer> latents, int count) {
    List<List<Neighbour>> nearest = new ArrayList<>();
    latents.forEach(_ -> nearest.add(new ArrayList<>()));
    if (latents.isEmpty()) {
      return nearest;
    }
    FloatMatrix queries = unitRows(all, latents);
    FloatMatrix block = device.floats(Math.min(BLOCK, all.rows()), all.cols());
    FloatMatrix cosines = device.floats(latents.size(), block.rows());
    for (int from = 0; from < all.rows(); from += BLOCK) {
      int rows = Math.min(BLOCK, all.rows() - from);
      FloatMatrix unit = block.rowRange(0, rows);
      FloatMatrix products = cosines.columnRange(0, rows);
      kernels.normalizeRows(unit, all.rowRange(from, from + rows));
      kernels.matmul(products, queries, Operand.AS_IS, unit, Operand.TRANSPOSED, Write.SET);
      addBlock(nearest, latents, count, device.toHost(products), from, rows);
    }
    return nearest;
  }

  /**
   * Returns the cosines of the decoder rows of pairs of latents, as many as there are; 0 where a
   * row is 0.
   *
   * @throws IllegalArgumentException when there is no such latent, or the lists differ in length
   */
  public float[] cosines(List<Integer> first, List<Integer> second) {
    if (first.size() != second.size()) {
      throw new IllegalArgumentException(
          "cosines: %d latents and %d; they must be as many"
              .formatted(first.size(), second.size()));
    }
    float[] cosines = new float[first.size()];
    for (int from = 0; from < cosines.length; from += BLOCK) {
      int to = Math.min(cosines.length, from + BLOCK);
      FloatMatrix dots = device.floats(to - from, 1);
      kernels.rowDots(
          dots,
          unitRows(decoder, first.subList(from, to)),
          unitRows(decoder, second.subList(from, to)));
      device.download(cosines, from, dots);
    }
    return cosines;
  }

  /**
   * Returns for each latent the largest cosine of its decoder row with that of another one: of 1
   * latent, -1.
   */
  public float[] nearestCosines() {
    return largestCosines(decoder, true);
  }

  /**
   * Returns for each latent the largest cosine of its decoder row with any row of another
   * autoencoder.
   *
   * @throws IllegalArgumentException when its rows have another width
   */
  public float[] largestCosines(DecoderGeometry other) {
    if (other.decoder.cols() != decoder.cols()) {
      throw new IllegalArgumentException(
          "cosines: decoder rows are %d wide, the other autoencoder's %d; they must be equal"
              .formatted(decoder.cols(), other.decoder.cols()));
    }
    return largestCosines(other.decoder, false);
  }

  private float[] largestCosines(FloatMatrix others, boolean areOwn) {
    FloatMatrix rows = device.floats(Math.min(BLOCK, decoder.rows()), decoder.cols());
    FloatMatrix unit = device.floats(others.rows(), others.cols());
    kernels.normalizeRows(unit, others);
    FloatMatrix products = device.floats(rows.rows(), others.rows());
    float[] largest = new float[decoder.rows()];
    for (int from = 0; from < largest.length; from += BLOCK) {
      int count = Math.min(BLOCK, largest.length - from);
      FloatMatrix block = products.rowRange(0, count);
      FloatMatrix own = rows.rowRange(0, count);
      kernels.normalizeRows(own, decoder.rowRange(from, from + count));
      kernels.matmul(block, own, Operand.AS_IS, unit, Operand.TRANSPOSED, Write.SET);
      float[] cosines = device.toHost(block);
      for (int i = 0; i < count; i++) {
        int leftOut = areOwn ? from + i : -1;
        largest[from + i] = largestBut(cosines, i * others.rows(), others.rows(), leftOut);
      }
    }
    return largest;
  }

  private static float largestBut(float[] values, int at, int count, int leftOut) {
    float largest = -1;
    for (int j = 0; j < count; j++) {
      if (j != leftOut) {
        largest = Math.max(largest, values[at + j]);
      }
    }
    return largest;
  }

  private FloatMatrix unitRows(FloatMatrix all, List<Integer> latents) {
    latents.forEach(this::requireLatent);
    FloatMatrix rows = device.floats(latents.size(), all.cols());
    int[] ids = latents.stream().mapToInt(Integer::intValue).toArray();
    kernels.gatherRows(rows, all, device.matrix(1, ids.length, ids));
    kernels.normalizeRows(rows, rows);
    return rows;
  }

  private static void addBlock(
      List<List<Neighbour>> nearest,
      List<Integer> latents,
      int count,
      float[] cosines,
      int from,
      int rows) {
    for (int i = 0; i < latents.size(); i++) {
      List<Neighbour> list = nearest.get(i);
      for (int j = 0; j < rows; j++) {
        boolean hasRoom = list.size() < count || cosines[i * rows + j] >= smallest(list);
        if (hasRoom && from + j != latents.get(i)) {
          insert(list, new Neighbour(from + j, cosines[i * rows + j]), count);
        }
      }
    }
  }

  private static float smallest(List<Neighbour> list) {
    return list.isEmpty() ? Float.POSITIVE_INFINITY : list.getLast().cosine();
  }

  private static void insert(List<Neighbour> list, Neighbour candidate, int count) {
    if (list.size() == count && NEAREST_FIRST.compare(candidate, list.getLast()) > 0) {
      return;
    }
    int place = -Collections.binarySearch(list, candidate, NEAREST_FIRST) - 1;
    list.add(place, candidate);
    if (list.size() > count) {
      list.removeLast();
    }
  }

  /**
   * Returns for each latent the cosine of its encoder and its decoder row; 0 when one is 0, and for
   * transcoders, whose rows are of different spaces.
   */
  public float[] encoderDecoderCosines() {
    if (!sameSpace) {
      return new float[decoder.rows()];
    }
    float[] products = rowDots(encoder, decoder);
    float[] encoderSquares = rowDots(encoder, encoder);
    float[] decoderSquares = rowDots(decoder, decoder);
    float[] cosines = new float[products.length];
    for (int f = 0; f < cosines.length; f++) {
      double norms = Math.sqrt((double) encoderSquares[f] * decoderSquares[f]);
      cosines[f] = norms > 0 ? (float) (products[f] / norms) : 0;
    }
    return cosines;
  }

  private float[] rowDots(FloatMatrix a, FloatMatrix b) {
    FloatMatrix result = device.floats(a.rows(), 1);
    kernels.rowDots(result, a, b);
    return device.toHost(result);
  }

  private void requireLatent(int latent) {
    if (latent < 0 || latent >= decoder.rows()) {
      throw new IllegalArgumentException(
          "latent: is %d; it must lie within 0 to %d".formatted(latent, decoder.rows() - 1));
    }
  }
}
