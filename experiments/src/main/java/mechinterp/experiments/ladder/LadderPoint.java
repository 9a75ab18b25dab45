package mechinterp.experiments.ladder;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What one autoencoder of the ladder came to: the content of its file.
 *
 * @param model its name
 * @param kind of autoencoder
 * @param seed of its training
 * @param dSae number of latents
 * @param k active latents of a token
 * @param tokens that it was trained on
 * @param flops operations of its training
 * @param seconds wall time of its training
 * @param modelParams parameters of the model
 * @param intrinsicDimension participation ratio of the activations' spectrum
 * @param fvu of the test activations
 * @param ceRise of the language model with reconstructions spliced in, nats a token
 */
record LadderPoint(
    String model,
    String kind,
    long seed,
    int dSae,
    int k,
    long tokens,
    double flops,
    double seconds,
    double modelParams,
    double intrinsicDimension,
    double fvu,
    Optional<Double> ceRise) {
  /** Returns a measure; nothing where it was not measured, or is not a loss. */
  Optional<Double> loss(String measure) {
    return (measure.equals(Ladder.FVU) ? Optional.of(fvu) : ceRise).filter(loss -> loss > 0);
  }

  /** Returns the line of a file of points. */
  Map<String, Object> line(String measure, double loss) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("model", model);
    line.put("kind", kind);
    line.put("seed", seed);
    line.put("measure", measure);
    line.put("loss", loss);
    line.put("d_sae", dSae);
    line.put("k", k);
    line.put("tokens", tokens);
    line.put("flops", flops);
    line.put("model_params", modelParams);
    line.put("intrinsic_dimension", intrinsicDimension);
    return line;
  }
}
