package mechinterp.training;

import java.util.List;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.CrosscoderScore;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.TopKConfig;

/** One of each kind that is trained. */
final class TrainedKinds {
  private TrainedKinds() {}

  static List<SaeConfig> all() {
    return List.of(
        new TopKConfig(16, 120, 3),
        new BatchTopKConfig(16, 120, 3),
        MatryoshkaConfig.of(16, 120, 3),
        StandardConfig.of(16, 120, 3),
        PAnnealConfig.of(16, 120, 3),
        JumpReluConfig.of(16, 120, 3),
        GatedConfig.of(16, 120, 3),
        SwitchConfig.of(16, 120, 3, 4),
        new MultiTopKConfig(16, 120, 3),
        new GroupMaxConfig(16, 120, 3),
        HybridSaeConfig.of(16, 120, 3),
        new CrosscoderConfig(2, 8, 120, 3, KScope.BATCH, CrosscoderScore.NORM_SUM),
        new CrosscoderConfig(2, 8, 120, 3, KScope.TOKEN, CrosscoderScore.NORM_SUM));
  }

  /** Those whose L0 a controller brings to k. */
  static List<SaeConfig> controlled(int dIn, int dSae, int k) {
    return List.of(
        StandardConfig.of(dIn, dSae, k),
        PAnnealConfig.of(dIn, dSae, k),
        JumpReluConfig.of(dIn, dSae, k),
        GatedConfig.of(dIn, dSae, k));
  }
}
