package mechinterp.model;

import java.util.List;
import java.util.Optional;
import mechinterp.nn.Linear;
import mechinterp.nn.Parameter;
import mechinterp.nn.Unembed;

/**
 * What a transformer is made of.
 *
 * @param stages the embedding, the blocks, the final norm
 * @param unembed what makes logits; empty for encoders
 * @param parameters what can be trained
 * @param linears the layers that hold packed copies of parameters
 */
record TransformerLayers(
    List<Stage> stages,
    Optional<Unembed> unembed,
    List<Parameter> parameters,
    List<Linear> linears) {
  TransformerLayers {
    stages = List.copyOf(stages);
    parameters = List.copyOf(parameters);
    linears = List.copyOf(linears);
  }

  /** Layers that compute stages only, without anything to train. */
  static TransformerLayers ofStages(List<Stage> stages) {
    return new TransformerLayers(stages, Optional.empty(), List.of(), List.of());
  }
}
