package mechinterp.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * {@link ShortlistKernels} with vectors, a token a task. A lane is a latent: the levels of a block
 * of latents stream by, four depths at a time, while the block's sums stay in the first-level
 * cache.
 */
final class VectorShortlist implements ShortlistKernels {
  private static final int LANES = Tiles.LANES;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, Tiles.SPECIES.vectorShape());

  /** Latents whose sums are kept at a time: 8 KB. */
  private static final int BLOCK = 2048;

  /** What {@link Candidates} take at once. */
  private static final int OFFERED = Tiles.ROW_PANELS * Tiles.PANEL;

  private final WorkerPool workers;
  private final VectorGemm gemm;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorShortlist(WorkerPool workers, VectorGemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  /** A thread's memory, kept between calls. */
  private static final class Scratch {
    private final Candidates candidates = new Candidates();
    private final float[] sums = new float[BLOCK];
    private final PackedPanels panels = new PackedPanels(0, 0);
    private FloatMatrix products = HostMemory.newRow(0);
    private float[] biases = new float[0];

    void reserve(int latents) {
      if (biases.length < latents) {
        biases = new float[latents];
        products = HostMemory.newRow(latents);
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
            sum(memory.sums, width, y, t, levels, first);
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

  /** sums[j] = the sum over i of level[first + j, i] y[row, i]. */
  private static void sum(
      float[] sums, int width, FloatMatrix y, int row, IntMatrix levels, int first) {
    Arrays.fill(sums, 0, width, 0);
    float[] factors = HostMemory.floats(y);
    int at = y.layout().index(row, 0);
    int end = at + y.cols();
    for (int p = 0; p < levels.rows(); p++) {
      int next = at + 4 * p;
      addFour(
          sums,
          width,
          HostMemory.ints(levels),
          levels.layout().index(p, first),
          factors[next],
          next + 1 < end ? factors[next + 1] : 0,
          next + 2 < end ? factors[next + 2] : 0,
          next + 3 < end ? factors[next + 3] : 0);
    }
  }

  /** Adds four terms to each sum, one after the other. */
  private static void addFour(
      float[] sums, int width, int[] levels, int at, float y0, float y1, float y2, float y3) {
    int j = 0;
    for (; j <= width - LANES; j += LANES) {
      IntVector four = IntVector.fromArray(INTS, levels, at + j);
      FloatVector sum = FloatVector.fromArray(Tiles.SPECIES, sums, j);
      sum = floats(four.lanewise(VectorOperators.LSHL, 24)).fma(broadcast(y0), sum);
      sum = floats(four.lanewise(VectorOperators.LSHL, 16)).fma(broadcast(y1), sum);
      sum = floats(four.lanewise(VectorOperators.LSHL, 8)).fma(broadcast(y2), sum);
      sum = floats(four).fma(broadcast(y3), sum);
      sum.intoArray(sums, j);
    }
    for (; j < width; j++) {
      int four = levels[at + j];
      float sum = Math.fma((byte) four, y0, sums[j]);
      sum = Math.fma((byte) (four >> 8), y1, sum);
      sum = Math.fma((byte) (four >> 16), y2, sum);
      sums[j] = Math.fma((byte) (four >> 24), y3, sum);
    }
  }

  /** Returns the uppermost bytes as numbers. */
  private static FloatVector floats(IntVector levels) {
    return (FloatVector) levels.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(Tiles.SPECIES, value);
  }

  /** Rows of weights become panels, whose product has the bits of every other. */
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
          memory.offer(HostMemory.floats(memory.products), listed.before(), memory.biases, 0, 0);
          CodeRow row = new CodeRow(codes, t);
          memory.candidates.finish(0, row);
          row.end();
          nameLatents(codes, t, listed);
        });
  }

  private void multiply(
      Scratch memory, FloatMatrix x, CodeRow listed, FloatMatrix weights, FloatMatrix bias) {
    int count = listed.before();
    memory.reserve(count);
    PackedPanels panels = memory.panels.reshape(x.cols(), count);
    for (int panel = 0; panel < panels.panels(); panel++) {
      panels.packTransposed(
          panel,
          HostMemory.floats(weights),
          slot -> weights.layout().index(listed.latent(slot), 0));
    }
    gemm.multiplyHere(memory.products.columnRange(0, count), x, panels);
    Elements biases = new Elements(bias);
    for (int slot = 0; slot < count; slot++) {
      memory.biases[slot] = biases.get(0, listed.latent(slot));
    }
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
