package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * {@link SelectionKernels} with vectors: each tile of pre-activations is filtered while it is in
 * the first-level cache, and what is kept of a batch is found by counting.
 */
final class VectorSelection implements SelectionKernels {
  private static final int LANES = Tiles.LANES;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, Tiles.SPECIES.vectorShape());
  private static final IntVector RISING = IntVector.zero(INTS).addIndex(1);
  private static final int TOKENS_PER_TASK = 16;

  private final WorkerPool workers;
  private final VectorGemm gemm;

  VectorSelection(WorkerPool workers, VectorGemm gemm) {
    this.workers = workers;
    this.gemm = gemm;
  }

  @Override
  public void encodeAbove(
      SparseCodes codes,
      FloatMatrix x,
      PackedMatrix encoder,
      FloatMatrix bias,
      FloatMatrix thresholds) {
    gemm.forEachBlock(
        x,
        (PackedPanels) encoder,
        (firstRow, endRow) -> new Block(codes, bias, thresholds, firstRow, endRow));
  }

  /** The rows of a task; their active latents come by rising index. */
  private static final class Block implements VectorGemm.RowBlock {
    private final SparseCodes codes;
    private final float[] values;
    private final int[] latents;
    private final float[] biases;
    private final int biasAt;
    private final float[] limits;
    private final int limitsAt;
    private final int firstRow;
    private final int[] counts;

    Block(SparseCodes codes, FloatMatrix bias, FloatMatrix thresholds, int firstRow, int endRow) {
      this.codes = codes;
      values = HostMemory.floats(codes.values());
      latents = HostMemory.ints(codes.indices());
      biases = HostMemory.floats(bias);
      biasAt = bias.layout().offset();
      limits = HostMemory.floats(thresholds);
      limitsAt = thresholds.layout().offset();
      this.firstRow = firstRow;
      counts = new int[endRow - firstRow];
    }

    @Override
    public VectorGemm.TileSink sink() {
      return (tile, at, stride, first, end, column, width) -> {
        for (int row = first; row < end; row++) {
          filter(row, tile, at + (row - first) * stride, column, width);
        }
      };
    }

    /**
     * Writes whole vectors, of which the active latents come first: what is behind them stays
     * within the row, because at most as many latents are active as columns have come.
     */
    private void filter(int row, float[] products, int at, int column, int width) {
      int valuesAt = codes.values().layout().index(row, 0);
      int latentsAt = codes.indices().layout().index(row, 0);
      int count = counts[row - firstRow];
      int j = 0;
      for (; j <= width - LANES; j += LANES) {
        FloatVector z =
            FloatVector.fromArray(Tiles.SPECIES, products, at + j)
                .add(FloatVector.fromArray(Tiles.SPECIES, biases, biasAt + column + j));
        VectorMask<Float> above =
            z.compare(
                VectorOperators.GT,
                FloatVector.fromArray(Tiles.SPECIES, limits, limitsAt + column + j));
        if (above.anyTrue()) {
          z.compress(above).intoArray(values, valuesAt + count);
          RISING.add(column + j).compress(above.cast(INTS)).intoArray(latents, latentsAt + count);
          count += above.trueCount();
        }
      }
      for (; j < width; j++) {
        float z = products[at + j] + biases[biasAt + column + j];
        if (z > limits[limitsAt + column + j]) {
          values[valuesAt + count] = z;
          latents[latentsAt + count] = column + j;
          count++;
        }
      }
      counts[row - firstRow] = count;
    }

    @Override
    public void end() {
      for (int i = 0; i < counts.length; i++) {
        new CodeRow(codes, firstRow + i).endAfter(counts[i]);
      }
    }
  }

  @Override
  public void encodeGroupMax(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    gemm.forEachBlock(
        x,
        (PackedPanels) encoder,
        (firstRow, endRow) -> new Groups(codes, bias, k, firstRow, endRow));
  }

  /** The groups' maxima of the rows of a task. */
  private static final class Groups implements VectorGemm.RowBlock {
    private final SparseCodes codes;
    private final float[] biases;
    private final int biasAt;
    private final int firstRow;
    private final int endRow;
    private final GroupMaxima maxima;

    Groups(SparseCodes codes, FloatMatrix bias, int k, int firstRow, int endRow) {
      this.codes = codes;
      biases = HostMemory.floats(bias);
      biasAt = bias.layout().offset();
      this.firstRow = firstRow;
      this.endRow = endRow;
      maxima = new GroupMaxima(endRow - firstRow, bias.cols(), k);
    }

    @Override
    public VectorGemm.TileSink sink() {
      return (tile, at, stride, first, end, column, width) -> {
        for (int row = first; row < end; row++) {
          maxima.addAll(
              row - firstRow,
              column,
              width,
              tile,
              at + (row - first) * stride,
              biases,
              biasAt + column);
        }
      };
    }

    @Override
    public void end() {
      for (int row = firstRow; row < endRow; row++) {
        maxima.write(row - firstRow, new CodeRow(codes, row));
      }
    }
  }

  @Override
  public float keepLargest(SparseCodes codes, long count) {
    long entries = countAbove(codes, 0);
    long kept = Math.min(count, entries);
    float least = kept == 0 ? Float.POSITIVE_INFINITY : ofRank(codes, kept);
    if (entries > count) {
      keep(codes, least, count);
    }
    return least;
  }

  private void keep(SparseCodes codes, float least, long count) {
    long ties = count - countAbove(codes, least);
    float below = Math.nextDown(least);
    if (countAbove(codes, below) == count) {
      workers.runRows(
          codes.rows(),
          TOKENS_PER_TASK,
          t -> BatchSelection.keep(codes.rowRange(t, t + 1), below, 0));
    } else {
      BatchSelection.keep(codes, least, ties);
    }
  }

  /** Returns the activation of rank {@code count}: positive floats are ordered like their bits. */
  private float ofRank(SparseCodes codes, long count) {
    int tooLow = 0;
    int enough = Float.floatToRawIntBits(Float.MAX_VALUE);
    while (enough - tooLow > 1) {
      int middle = (tooLow + enough) >>> 1;
      if (countAbove(codes, Float.intBitsToFloat(middle)) < count) {
        enough = middle;
      } else {
        tooLow = middle;
      }
    }
    return Float.intBitsToFloat(enough);
  }

  private long countAbove(SparseCodes codes, float threshold) {
    int tasks = Math.min(workers.threads(), codes.rows());
    long[] counts = new long[tasks];
    workers.run(
        tasks,
        (task, thread) -> {
          int end = VectorGemm.cut(codes.rows(), task + 1, tasks);
          for (int t = VectorGemm.cut(codes.rows(), task, tasks); t < end; t++) {
            counts[task] +=
                RowLoops.countAbove(
                    HostMemory.floats(codes.values()),
                    codes.values().layout().index(t, 0),
                    new CodeRow(codes, t).before(),
                    threshold);
          }
        });
    long sum = 0;
    for (long part : counts) {
      sum += part;
    }
    return sum;
  }

  @Override
  public void keepLargestOfEach(SparseCodes out, SparseCodes codes, int k) {
    workers.runRows(
        codes.rows(),
        TOKENS_PER_TASK,
        t -> {
          float limit =
              RowLoops.limitOfLargest(
                  HostMemory.floats(codes.values()),
                  codes.values().layout().index(t, 0),
                  new CodeRow(codes, t).before(),
                  k);
          BatchSelection.keepLargest(out, codes, t, limit, k);
        });
  }
}
