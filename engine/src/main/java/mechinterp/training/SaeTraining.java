package mechinterp.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.RowConstraint;
import mechinterp.optim.Adam;
import mechinterp.optim.ParameterState;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeGradient;
import mechinterp.sae.SaeLoss;
import mechinterp.sae.SaeObjective;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SparseObjective;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;

/** All that lives on the device while an autoencoder is trained, and one step with it. */
final class SaeTraining {
  private final FloatMatrix batch;
  private final SaeObjective objective;
  private final List<Trained> parameters = new ArrayList<>();

  /** A parameter, its optimizer and what is kept true of its rows. */
  private record Trained(String name, Adam adam, RowConstraint constraint) {
    void step(SaeGradient gradient, AdamStep step) {
      switch (gradient) {
        case SaeGradient.Dense dense -> adam.step(dense.values(), step);
        case SaeGradient.Sparse sparse -> adam.step(sparse.terms(), step, constraint);
      }
    }
  }

  /** Declares everything; the weights are 0. */
  SaeTraining(Workspace workspace, SaeConfig saeConfig, TrainConfig config) {
    batch = workspace.floats("batch", config.batchSize(), saeConfig.dIn());
    objective = objective(workspace, saeConfig, config);
    for (SaeParameter parameter : objective.sae().parameters()) {
      RowConstraint constraint =
          parameter.isDecoder() ? config.decoderNorm().constraint() : RowConstraint.NONE;
      Adam adam = new Adam(workspace, parameter.name(), parameter.value());
      parameters.add(new Trained(parameter.name(), adam, constraint));
    }
  }

  private static SaeObjective objective(
      Workspace workspace, SaeConfig saeConfig, TrainConfig config) {
    return switch (saeConfig) {
      case TopKConfig topK ->
          SparseObjective.topK(
              workspace,
              new TopKSae(workspace, topK),
              config.batchSize(),
              config.lossNormalizer(),
              config.auxK());
      case BatchTopKConfig batchTopK ->
          SparseObjective.batchTopK(
              workspace,
              new ThresholdSae(workspace, batchTopK),
              batchTopK,
              config.batchSize(),
              config.lossNormalizer(),
              config.auxK());
      case JumpReluConfig _ ->
          throw new IllegalArgumentException(
              "architecture: is jumprelu, which can be loaded and used; trained are topk and batchtopk");
    };
  }

  /** Returns the matrix that each step's activations go into. */
  FloatMatrix batch() {
    return batch;
  }

  SaeObjective objective() {
    return objective;
  }

  List<ParameterState> parameters() {
    return parameters.stream().map(parameter -> parameter.adam().state()).toList();
  }

  /** Takes the loss of the batch and moves the weights along its gradient. */
  SaeLoss step(AdamStep step) {
    SaeLoss loss = objective.backward(batch);
    Map<String, SaeGradient> gradients = objective.gradients();
    for (Trained parameter : parameters) {
      parameter.step(Objects.requireNonNull(gradients.get(parameter.name())), step);
    }
    objective.sae().weightsChanged();
    return loss;
  }
}
