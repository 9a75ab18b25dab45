package mechinterp.scaling;

/**
 * One measured autoencoder.
 *
 * @param model whose activations it reads; sizes that are held out together have one name
 * @param setting what its loss may depend on; points of one model and setting that differ by their
 *     seed are a cell
 * @param seed of its training
 * @param loss the figure that laws are about, such as the FVU, on held-out text
 */
public record ScalingPoint(String model, ScalingSetting setting, long seed, double loss) {
  /**
   * Checks the loss.
   *
   * @throws IllegalArgumentException when it is not positive and finite
   */
  public ScalingPoint {
    ScalingSetting.requirePositive("loss", loss);
  }

  /** Measurements that differ by the seed alone. */
  record Cell(String model, ScalingSetting setting) {}

  Cell cell() {
    return new Cell(model, setting);
  }
}
