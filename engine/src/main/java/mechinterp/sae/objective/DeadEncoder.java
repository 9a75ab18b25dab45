package mechinterp.sae.objective;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.PackedMatrix;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/** The encoder rows and biases of the dead latents alone, gathered and packed anew each time. */
final class DeadEncoder {
  private final Device device;
  private final Sae sae;
  private final IntMatrix ids;
  private final PackedMatrix rows;
  private final FloatMatrix biases;

  DeadEncoder(Workspace workspace, Sae sae) {
    this.device = workspace.device();
    this.sae = sae;
    this.ids = workspace.ints("dead latents", 1, sae.dSae());
    this.rows =
        workspace.packed("dead latents' W_enc packed", sae.weights().wEnc().cols(), sae.dSae());
    this.biases = workspace.floats("dead latents' b_enc", 1, sae.dSae());
  }

  /**
   * Some dead latents.
   *
   * @param ids their numbers [1, dead]
   * @param rows their encoder rows, [d_in, dead] of a kind of one block
   * @param bias their biases [1, dead]
   */
  record Gathered(IntMatrix ids, PackedMatrix rows, FloatMatrix bias) {}

  /** Gathers the latents, which rise. */
  Gathered gather(int[] dead) {
    IntMatrix those = numbers(dead);
    FloatMatrix bias = biases.columnRange(0, dead.length);
    device.kernels().packRows(rows, sae.weights().wEnc(), those);
    device.kernels().gatherRows(asColumn(bias), asColumn(sae.weights().bEnc()), those);
    return new Gathered(those, rows, bias);
  }

  /** Returns the numbers of latents [1, dead], until others are asked for. */
  IntMatrix numbers(int[] dead) {
    IntMatrix those = ids.columnRange(0, dead.length);
    device.upload(those, dead, 0);
    return those;
  }

  private static FloatMatrix asColumn(FloatMatrix row) {
    MatrixLayout layout = new MatrixLayout(row.layout().offset(), row.cols(), 1, 1);
    return new FloatMatrix(row.storage(), layout);
  }
}
