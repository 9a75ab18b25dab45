package mechinterp.training;

import mechinterp.device.Workspace;
import mechinterp.kernel.AdamStep;
import mechinterp.kernel.RowConstraint;
import mechinterp.optim.Adam;
import mechinterp.sae.SaeGradients;
import mechinterp.sae.SaeLoss;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKObjective;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;

/** All that lives on the device while a TopK autoencoder is trained, and one step with it. */
final class TopKTraining {
  private final FloatMatrix batch;
  private final TopKSae sae;
  private final TopKObjective objective;
  private final RowConstraint decoderConstraint;
  private final Adam wEnc;
  private final Adam bEnc;
  private final Adam wDec;
  private final Adam bDec;

  /** Declares everything; the weights are 0. */
  TopKTraining(Workspace workspace, TopKConfig saeConfig, TrainConfig config) {
    batch = workspace.floats("batch", config.batchSize(), saeConfig.dIn());
    sae = new TopKSae(workspace, saeConfig);
    objective =
        new TopKObjective(
            workspace, sae, config.batchSize(), config.lossNormalizer(), config.auxK());
    decoderConstraint = config.decoderNorm().constraint();
    SaeWeights weights = sae.weights();
    wEnc = new Adam(workspace, "W_enc", weights.wEnc());
    bEnc = new Adam(workspace, "b_enc", weights.bEnc());
    wDec = new Adam(workspace, "W_dec", weights.wDec());
    bDec = new Adam(workspace, "b_dec", weights.bDec());
  }

  /** Returns the matrix that each step's activations go into. */
  FloatMatrix batch() {
    return batch;
  }

  TopKSae sae() {
    return sae;
  }

  /** Takes the loss of the batch and moves the weights along its gradient. */
  SaeLoss step(AdamStep step) {
    SaeLoss loss = objective.backward(batch);
    SaeGradients gradients = objective.gradients();
    wEnc.step(gradients.wEnc(), step, RowConstraint.NONE);
    bEnc.step(gradients.bEnc(), step);
    wDec.step(gradients.wDec(), step, decoderConstraint);
    bDec.step(gradients.bDec(), step);
    sae.weightsChanged();
    return loss;
  }
}
