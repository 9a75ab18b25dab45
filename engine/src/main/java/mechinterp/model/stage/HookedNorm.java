package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;

/**
 * A norm with the hook points {@code hook_scale} and {@code hook_normalized}. It may work on each
 * of several groups of columns, such as heads, with the same gain.
 */
final class HookedNorm {
  private final RowNorm norm;
  private final String name;
  private final int groups;
  private final String matrix;
  private final boolean outputIsRead;
  private final HookPoint scalePoint;
  private final HookPoint normalizedPoint;

  private HookedNorm(
      RowNorm norm, String name, Place place, int groups, String matrix, boolean outputIsRead) {
    this.norm = norm;
    this.name = name;
    this.groups = groups;
    this.matrix = matrix;
    this.outputIsRead = outputIsRead;
    this.scalePoint = place.of(name + ".hook_scale");
    this.normalizedPoint = place.of(name + ".hook_normalized");
  }

  /**
   * Returns a norm of whole rows, of which the output goes through linear maps or additions.
   *
   * @param name its name in the stage, such as {@code ln1}
   */
  static HookedNorm ofRows(RowNorm norm, String name, Place place) {
    return new HookedNorm(norm, name, place, 1, Matrices.NORMALIZED, false);
  }

  /**
   * Returns a norm of each head, of which attention's backward pass reads the output.
   *
   * @param name its name in the stage, such as {@code attn.q_norm}
   * @param matrix the shared matrix that it reads and writes in a forward run
   */
  static HookedNorm ofHeads(RowNorm norm, String name, Place place, int heads, String matrix) {
    return new HookedNorm(norm, name, place, heads, matrix, true);
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    points.put(scalePoint, OptionalInt.of(groups));
    points.put(normalizedPoint, OptionalInt.of(cols()));
  }

  private int cols() {
    return groups * norm.width();
  }

  Run begin(RunMemory memory) {
    return new Run(memory);
  }

  private Values declare(RunMemory memory) {
    FloatMatrix output = declareOutput(memory);
    return new Values(
        memory.kept(name + ".scale", matrix + " scale", groups),
        norm.normalizedIsOutput()
            ? output
            : memory.keptForParameters(name + ".normalized", matrix, cols()),
        output);
  }

  private FloatMatrix declareOutput(RunMemory memory) {
    return outputIsRead
        ? memory.kept(name + ".output", matrix, cols())
        : memory.keptForParameters(name + ".output", matrix, cols());
  }

  /** A row for each token. */
  private record Values(FloatMatrix scale, FloatMatrix normalized, FloatMatrix output) {
    /** Where the output does not take its place, somebody may read it later. */
    private boolean normalizedIsKept() {
      return normalized != output;
    }
  }

  /** The norm in one run. */
  final class Run {
    private final Values values;
    private final Optional<Values> gradients;
    private final Optional<FloatMatrix> scaleAgain;

    private Run(RunMemory memory) {
      values = declare(memory);
      gradients = memory.gradients().map(HookedNorm.this::declare);
      scaleAgain = memory.gradients().map(d -> d.shared(matrix + " scale again", groups));
    }

    /** Computes the output of x. */
    void forward(FloatMatrix x, Hooks hooks) {
      norm.scale(column(values.scale()), rows(x));
      hooks.at(scalePoint, values.scale());
      if (values.normalizedIsKept() || hooks.wants(normalizedPoint)) {
        norm.normalize(rows(values.normalized()), rows(x), column(values.scale()));
        hooks.at(normalizedPoint, values.normalized());
        norm.output(rows(values.output()), rows(values.normalized()));
      } else {
        norm.forward(rows(values.output()), rows(x), column(values.scale()));
      }
    }

    /** Returns the output [tokens, columns of x]. */
    FloatMatrix output() {
      return values.output();
    }

    /** Returns a matrix in which the gradient with respect to the output may be. */
    FloatMatrix dOutput() {
      return gradients.orElseThrow().output();
    }

    /**
     * Returns the gradient with respect to x.
     *
     * @param dOutput with respect to the output
     * @param x as it was in {@link #forward}
     */
    FloatMatrix backward(FloatMatrix dOutput, FloatMatrix x, Hooks hooks) {
      Values d = gradients.orElseThrow();
      FloatMatrix dScale = column(d.scale());
      FloatMatrix dNormalized = rows(d.normalized());
      norm.addOutputGradients(rows(dOutput), rows(values.normalized()), dScale);
      norm.outputBackward(dNormalized, rows(dOutput));
      hooks.at(normalizedPoint, d.normalized());
      norm.addNormalizeGradients(dNormalized, rows(x), column(values.scale()));
      norm.normalizeBackward(dNormalized, dScale, dNormalized, rows(x), column(values.scale()));
      hooks.at(scalePoint, d.scale());
      // The scale that is kept may have been edited: its own gradient is that of the unedited one.
      FloatMatrix unedited = column(scaleAgain.orElseThrow());
      norm.scale(unedited, rows(x));
      norm.scaleBackward(dNormalized, dScale, rows(x), unedited);
      return d.normalized();
    }

    private FloatMatrix rows(FloatMatrix matrix) {
      return groups == 1 ? matrix : matrix.reshaped(matrix.rows() * groups, norm.width());
    }

    private FloatMatrix column(FloatMatrix scale) {
      return scale.reshaped(scale.rows() * groups, 1);
    }
  }
}
