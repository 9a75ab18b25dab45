package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * {@link ShortlistKernels} with vectors, a token a task. A lane is a latent: levels stream by while
 * sums stay in registers.
 */
final class VectorShortlist implements ShortlistKernels {
  private static final int LANES = Tiles.LANES;

  /** Levels in an int. */
  private static final int FOUR = 4;

  /** Latents whose sums stay in registers. */
  private static final int TOGETHER = 4 * LANES;

  /** Levels that are loaded at once: as many as a vector has lanes, or two vectors. */
  private static final int LOADED = Math.max(LANES, 8);

  private static final int PARTS = LOADED / LANES;
  private static final VectorSpecies<Integer> WORDS =
      VectorSpecies.of(int.class, VectorShape.forBitSize(Byte.SIZE * LOADED));

  private static final int PANEL = LEVEL_PANEL;

  /** Latents whose sums are kept at a time: 8 KB. */
  private static final int BLOCK = 2048;

  /** Listed rows that are multiplied at once. */
  private static final int GROUP = 2 * LANES;

  /** What {@link Candidates} take at once. */
  private static final int OFFERED = Tiles.ROW_PANELS * Tiles.PANEL;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorShortlist(WorkerPool workers) {
    this.workers = workers;
  }

  /** A thread's memory, kept between calls. */
  private static final class Scratch {
    private final Candidates candidates = new Candidates();
    private final float[] sums = new float[BLOCK];
    private float[] turned = new float[0];
    private float[] products = new float[0];
    private float[] biases = new float[0];

    void reserve(int latents, int depths) {
      if (turned.length < GROUP * depths) {
        turned = new float[GROUP * depths];
      }
      if (biases.length < latents) {
        biases = new float[latents];
        products = new float[latents + GROUP];
      }
    }

    /** Offers one token's numbers, of latents from {@code latent} on. */
    void offer(float[] numbers, int count, float[] bias, int biasAt, int latent) {
      for (int j = 0; j < count; j += OFFERED) {
        int width = Math.min(OFFERED, count - j);
        candidates.offer(0, numbers, j, bias, biasAt, latent + j, width);
      }
    }
  }

  @Override
  public void quantizedTopK(
      SparseCodes shortlist,
      FloatMatrix y,
      IntMatrix levels,
      FloatMatrix scales,
      FloatMatrix bias,
      int m) {
    workers.run(
        y.rows(),
        (t, thread) -> {
          Scratch memory = scratch.get();
          memory.candidates.begin(1, m);
          for (int first = 0; first < shortlist.latents(); first += BLOCK) {
            int width = Math.min(BLOCK, shortlist.latents() - first);
            sum(memory.sums, Math.ceilDiv(width, PANEL), y, t, levels, first / PANEL);
            float[] factors = HostMemory.floats(scales);
            int factorsAt = scales.layout().index(0, first);
            RowLoops.multiply(memory.sums, 0, memory.sums, 0, factors, factorsAt, width);
            memory.offer(
                memory.sums, width, HostMemory.floats(bias), bias.layout().offset(), first);
          }
          CodeRow row = new CodeRow(shortlist, t);
          memory.candidates.finish(0, row);
          row.end();
        });
  }

  /** sums[j] = the sum over i of level[first + j, i] y[row, i], of whole panels. */
  private static void sum(
      float[] sums, int panels, FloatMatrix y, int row, IntMatrix levels, int first) {
    float[] factors = HostMemory.floats(y);
    int at = y.layout().index(row, 0);
    for (int panel = 0; panel < panels; panel++) {
      int words = levels.layout().index(first + panel, 0);
      for (int part = 0; part < PANEL; part += TOGETHER) {
        int to = panel * PANEL + part;
        sumTogether(sums, to, factors, at, y.cols(), HostMemory.ints(levels), words + part / FOUR);
      }
    }
  }

  private static void sumTogether(
      float[] sums, int to, float[] y, int at, int depths, int[] words, int from) {
    FloatVector sum0 = FloatVector.zero(Tiles.SPECIES);
    FloatVector sum1 = FloatVector.zero(Tiles.SPECIES);
    FloatVector sum2 = FloatVector.zero(Tiles.SPECIES);
    FloatVector sum3 = FloatVector.zero(Tiles.SPECIES);
    for (int i = 0; i < depths; i++) {
      FloatVector factor = FloatVector.broadcast(Tiles.SPECIES, y[at + i]);
      int word = from + i * PANEL / FOUR;
      sum0 = levels(words, word, 0).fma(factor, sum0);
      sum1 = levels(words, word, 1).fma(factor, sum1);
      sum2 = levels(words, word, 2).fma(factor, sum2);
      sum3 = levels(words, word, 3).fma(factor, sum3);
    }
    sum0.intoArray(sums, to);
    sum1.intoArray(sums, to + LANES);
    sum2.intoArray(sums, to + 2 * LANES);
    sum3.intoArray(sums, to + 3 * LANES);
  }

  /** Returns one of some vectors of levels that follow each other. */
  private static FloatVector levels(int[] words, int at, int vector) {
    return (FloatVector)
        IntVector.fromArray(WORDS, words, at + vector / PARTS * LOADED / FOUR)
            .reinterpretAsBytes()
            .convertShape(VectorOperators.B2F, Tiles.SPECIES, vector % PARTS);
  }

  @Override
  public void encodeListed(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix weights,
      FloatMatrix bias,
      int k) {
    workers.run(
        x.rows(),
        (t, thread) -> {
          Scratch memory = scratch.get();
          CodeRow listed = new CodeRow(shortlist, t);
          multiply(memory, x.row(t), listed, weights, bias);
          memory.candidates.begin(1, k);
          memory.offer(memory.products, listed.before(), memory.biases, 0, 0);
          CodeRow row = new CodeRow(codes, t);
          memory.candidates.finish(0, row);
          row.end();
          nameLatents(codes, t, listed);
        });
  }

  /**
   * The products of a token with its listed rows. A group of rows at a time is turned so that a
   * lane is a latent: the sums have the bits of every other product.
   */
  private static void multiply(
      Scratch memory, FloatMatrix x, CodeRow listed, FloatMatrix weights, FloatMatrix bias) {
    int count = listed.before();
    memory.reserve(count, x.cols());
    Elements biases = new Elements(bias);
    for (int slot = 0; slot < count; slot++) {
      memory.biases[slot] = biases.get(0, listed.latent(slot));
    }
    int[] places = new int[GROUP];
    for (int first = 0; first < count; first += GROUP) {
      int width = Math.min(GROUP, count - first);
      for (int slot = 0; slot < width; slot++) {
        places[slot] = weights.layout().index(listed.latent(first + slot), 0);
      }
      float[] from = HostMemory.floats(weights);
      Transposition.transpose(from, places, 0, width, 0, x.cols(), memory.turned, 0, GROUP);
      multiply(memory.products, first, memory.turned, x);
    }
  }

  private static void multiply(float[] products, int first, float[] turned, FloatMatrix x) {
    float[] factors = HostMemory.floats(x);
    int at = x.layout().index(0, 0);
    FloatVector sum0 = FloatVector.zero(Tiles.SPECIES);
    FloatVector sum1 = FloatVector.zero(Tiles.SPECIES);
    for (int d = 0; d < x.cols(); d++) {
      FloatVector factor = FloatVector.broadcast(Tiles.SPECIES, factors[at + d]);
      sum0 = FloatVector.fromArray(Tiles.SPECIES, turned, d * GROUP).fma(factor, sum0);
      sum1 = FloatVector.fromArray(Tiles.SPECIES, turned, d * GROUP + LANES).fma(factor, sum1);
    }
    sum0.intoArray(products, first);
    sum1.intoArray(products, first + LANES);
  }

  /** Slots of the shortlist become its latents. */
  private static void nameLatents(SparseCodes codes, int row, CodeRow listed) {
    int[] latents = HostMemory.ints(codes.indices());
    int at = codes.indices().layout().index(row, 0);
    int end = at + HostMemory.intAt(codes.counts(), row, 0);
    for (int i = at; i < end; i++) {
      latents[i] = listed.latent(latents[i]);
    }
  }
}
