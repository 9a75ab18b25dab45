package mechinterp.sae.objective;

import java.util.List;
import java.util.Optional;
import mechinterp.device.Workspace;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.CrosscoderScore;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluCrossLayerTranscoderConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatchingPursuitSae;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.SwitchSae;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.TranscoderConfig;

/**
 * The objective of each kind: which latents it chooses, what it reconstructs, what else it asks.
 */
final class Objectives {
  private final Workspace workspace;
  private final ObjectiveSettings settings;

  Objectives(Workspace workspace, ObjectiveSettings settings) {
    this.workspace = workspace;
    this.settings = settings;
  }

  SparseObjective of(Sae sae) {
    requireGhostsOfRelu(sae.config());
    return switch (sae) {
      case TopKSae topK -> topK(topK);
      case ThresholdSae threshold -> threshold(threshold);
      case GatedSae gated -> gated(gated);
      case HybridSae hybrid -> hybrid(hybrid);
      case SwitchSae experts -> experts(experts);
      case MatchingPursuitSae pursuit -> throw untrained(pursuit.config());
      case NormalizedSae normalized ->
          throw new IllegalArgumentException(
              "normalize_activations: is %s, each activation by itself; such an autoencoder can be loaded and used, not trained"
                  .formatted(normalized.norm()));
      case SelectedSae selected ->
          throw new IllegalArgumentException(
              "selector: has rank %d; an autoencoder is trained without one, which is distilled afterwards"
                  .formatted(selected.selector().config().rank()));
    };
  }

  private void requireGhostsOfRelu(SaeConfig config) {
    boolean isRelu = config instanceof StandardConfig || config instanceof PAnnealConfig;
    if (settings.ghostGradients().isPresent() && !isRelu) {
      throw new IllegalArgumentException(
          "ghost_gradients: is there, but the kind is %s; they are of standard and p_anneal, leave it out"
              .formatted(config.architecture()));
    }
  }

  private SparseObjective topK(TopKSae sae) {
    if (sae.config() instanceof MultiTopKConfig config) {
      MultiTopK more = new MultiTopK(workspace, sae, config, settings.batchSize());
      return whole(sae, more, FurtherTerms.more(more));
    }
    KSchedule schedule = settings.schedule(sae.k(), sae.dSae());
    boolean byNorms =
        sae.config() instanceof CrosscoderConfig config
            && config.score() == CrosscoderScore.NORM_SUM;
    LatentChoice choice =
        byNorms
            ? new NormSumChoice(workspace, sae, schedule, settings.batchSize())
            : new TopKChoice(sae, schedule);
    return whole(sae, choice, FurtherTerms.none());
  }

  private SparseObjective threshold(ThresholdSae sae) {
    return switch (sae.config()) {
      case BatchTopKConfig config -> whole(sae, batchTopK(sae, config.k()), FurtherTerms.none());
      case TranscoderConfig config -> whole(sae, batchTopK(sae, config.k()), FurtherTerms.none());
      case CrossLayerTranscoderConfig config ->
          whole(sae, batchTopK(sae, config.k()), FurtherTerms.none());
      case CrosscoderConfig config -> whole(sae, ofLayers(sae, config), FurtherTerms.none());
      case MatryoshkaConfig config ->
          nested(sae, batchTopK(sae, config.k()), config.prefixes(), FurtherTerms.none());
      case StandardConfig config -> standard(sae, config);
      case PAnnealConfig config -> pAnneal(sae, config);
      case JumpReluConfig config ->
          jumpRelu(sae, SparsityConfig.require(config.architecture(), config.training()));
      case JumpReluCrossLayerTranscoderConfig config -> jumpRelu(sae, config.training());
      case JumpReluTranscoderConfig _, JumpReluCrosscoderConfig _ -> throw untrained(sae.config());
      case TopKConfig _,
          MultiTopKConfig _,
          GroupMaxConfig _,
          GatedConfig _,
          HybridSaeConfig _,
          SwitchConfig _,
          MatchingPursuitConfig _ ->
          throw new IllegalStateException(sae.config() + " has no thresholds");
    };
  }

  private static IllegalArgumentException untrained(SaeConfig config) {
    return new IllegalArgumentException(
        "architecture: is %s, which can be loaded and used, not trained"
            .formatted(config.architecture()));
  }

  private BatchTopK batchTopK(ThresholdSae sae, int k) {
    return new BatchTopK(sae, settings.schedule(k, sae.dSae()), Optional.empty());
  }

  private BatchTopK ofLayers(ThresholdSae sae, CrosscoderConfig config) {
    Optional<LayerNormSums> scores =
        switch (config.score()) {
          case ACTIVATION -> Optional.empty();
          case NORM_SUM -> Optional.of(new LayerNormSums(workspace, sae));
        };
    return new BatchTopK(sae, settings.schedule(config.k(), sae.dSae()), scores);
  }

  private SparseObjective standard(ThresholdSae sae, StandardConfig config) {
    SparsityConfig sparsity = SparsityConfig.require(config.architecture(), config.sparsity());
    return relu(sae, sparsity, Optional.empty());
  }

  private SparseObjective pAnneal(ThresholdSae sae, PAnnealConfig config) {
    Annealing annealing = new Annealing(config.annealing(), settings.steps());
    return relu(sae, config.sparsity(), Optional.of(annealing));
  }

  /**
   * AuxK has nothing to do with ReLU: a latent that is not active has no positive pre-activation.
   * Ghost gradients take its exponential.
   */
  private SparseObjective relu(
      ThresholdSae sae, SparsityConfig sparsity, Optional<Annealing> annealing) {
    SparsityCoefficient coefficient = new SparsityCoefficient(sparsity, settings.steps());
    CodePenalty penalty =
        new CodePenalty(workspace, sae, settings.batchSize(), coefficient, annealing);
    return new SparseObjective(
        workspace,
        sae,
        sae::encodePositive,
        WholeReconstruction::new,
        FurtherTerms.penalty(penalty),
        withoutAuxK(sae));
  }

  private SparseObjective jumpRelu(ThresholdSae sae, JumpReluTraining training) {
    JumpRelu jumpRelu =
        new JumpRelu(workspace, sae, training, settings.steps(), settings.batchSize());
    return whole(sae, jumpRelu, FurtherTerms.penalty(jumpRelu));
  }

  /** As for ReLU: where no gate opens, no pre-activation is positive. */
  private SparseObjective gated(GatedSae sae) {
    GatedTraining training =
        SparsityConfig.require(sae.config().architecture(), sae.config().training());
    Gated gated = new Gated(workspace, sae, training, settings.steps(), settings.batchSize());
    return new SparseObjective(
        workspace,
        sae,
        gated,
        WholeReconstruction::new,
        FurtherTerms.gated(gated),
        withoutAuxK(sae));
  }

  /** A dead latent could be revived by its own expert's tokens alone, which AuxK does not know. */
  private SparseObjective experts(SwitchSae sae) {
    LoadBalance balance = new LoadBalance(workspace, sae, settings.batchSize());
    return new SparseObjective(
        workspace,
        sae,
        balance,
        WholeReconstruction::new,
        FurtherTerms.penalty(balance),
        withoutAuxK(sae));
  }

  private ObjectiveSettings withoutAuxK(Sae sae) {
    return settings.withoutAuxK(sae.config().architecture());
  }

  /** With one prefix, of weight 1, and a fixed-point weight of 0 it is TopK's, bit for bit. */
  private SparseObjective hybrid(HybridSae sae) {
    HybridSaeConfig config = sae.config();
    Optional<FixedPoint> fixedPoint =
        config.fixedPointWeight() > 0
            ? Optional.of(new FixedPoint(workspace, sae, settings.batchSize()))
            : Optional.empty();
    LatentChoice choice = fixedPoint.<LatentChoice>map(part -> part).orElse(sae::encodeFast);
    List<Prefix> prefixes = config.prefixes();
    Optional<FurtherLoss> shorter =
        prefixes.size() > 1
            ? Optional.of(new PrefixLoss(workspace, sae, settings.batchSize()))
            : Optional.empty();
    FurtherTerms terms = FurtherTerms.hybrid(fixedPoint, shorter);
    return prefixes.getLast().weight() == 1
        ? whole(sae, choice, terms)
        : nested(sae, choice, prefixes.subList(prefixes.size() - 1, prefixes.size()), terms);
  }

  private SparseObjective whole(Sae sae, LatentChoice choice, FurtherTerms terms) {
    return new SparseObjective(workspace, sae, choice, WholeReconstruction::new, terms, settings);
  }

  private SparseObjective nested(
      Sae sae, LatentChoice choice, List<Prefix> prefixes, FurtherTerms terms) {
    return new SparseObjective(
        workspace,
        sae,
        choice,
        (w, s, tokens, sums, asked) ->
            new NestedReconstruction(w, s, tokens, sums, asked, prefixes),
        terms,
        settings);
  }
}
