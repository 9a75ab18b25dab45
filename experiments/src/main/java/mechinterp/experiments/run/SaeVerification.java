package mechinterp.experiments.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.experiments.console.Progress;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.sae.file.LoadedSae;

/**
 * What an autoencoder does on activations, beside what its files say that it does.
 *
 * @param tokens how many activations were taken
 * @param fvu sum |x - x^|^2 / sum |x - mean|^2
 * @param l0 mean number of active latents
 * @param claimedL0 the L0 that the files claim, if they do
 * @param scale sqrt(d_in) / mean norm of the activations
 * @param scaledFvu the FVU of an autoencoder with the same weights to which the activations come
 *     times the scale; missing for transcoders
 * @param warnings what does not fit
 */
public record SaeVerification(
    long tokens,
    double fvu,
    double l0,
    Optional<Double> claimedL0,
    double scale,
    Optional<Double> scaledFvu,
    List<String> warnings) {
  /** Worse than this, and nobody would have published it. */
  private static final double HIGH_FVU = 0.6;

  /** Much better than without the scale. */
  private static final double CLEARLY_LESS = 0.7;

  /** Measures all activations of a store. */
  public static SaeVerification of(
      LoadedSae loaded, ActivationStore store, Progress.Display display) {
    Sae sae = loaded.sae();
    ReconstructionMetrics metrics = Evaluation.of(sae, store, display).metrics();
    double scale = Normalization.expectedAverageOnlyIn(store).scale();
    Optional<Double> scaled =
        sae.config().centresInput()
            ? Optional.of(Evaluation.of(sae.foldInputScale(scale), store, display).metrics().fvu())
            : Optional.empty();
    Optional<Double> claimed = claimedL0(loaded);
    List<String> warnings = new ArrayList<>();
    checkFvu(metrics.fvu(), warnings);
    claimed.ifPresent(l0 -> checkL0(metrics.l0(), l0, warnings));
    scaled.ifPresent(fvu -> checkScale(metrics.fvu(), fvu, scale, warnings));
    return new SaeVerification(
        metrics.tokens(),
        metrics.fvu(),
        metrics.l0(),
        claimed,
        scale,
        scaled,
        List.copyOf(warnings));
  }

  private static Optional<Double> claimedL0(LoadedSae loaded) {
    return switch (loaded.sae().config()) {
      case TopKConfig topK -> Optional.of((double) topK.k());
      case BatchTopKConfig batchTopK -> Optional.of((double) batchTopK.k());
      case MatryoshkaConfig matryoshka -> Optional.of((double) matryoshka.k());
      case TranscoderConfig transcoder -> Optional.of((double) transcoder.k());
      case SwitchConfig experts -> Optional.of((double) experts.k());
      default ->
          loaded.metadata().number("average_l0").or(() -> loaded.metadata().number("training_k"));
    };
  }

  private static void checkFvu(double fvu, List<String> warnings) {
    if (!(fvu < 1)) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "FVU is %.3f: the mean of the activations would be nearer to them; the model, the hook or the normalisation is not that of the training",
              fvu));
    } else if (fvu > HIGH_FVU) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "FVU is %.3f, much for a trained autoencoder; look at the hook, the layer and the begin-of-text token",
              fvu));
    }
  }

  private static void checkL0(double l0, double claimed, List<String> warnings) {
    if (l0 > 2 * claimed || l0 < claimed / 2) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "L0 is %.1f, the files say %.1f; thresholds or normalisation do not fit",
              l0,
              claimed));
    }
  }

  private static void checkScale(double fvu, double scaled, double scale, List<String> warnings) {
    if (scaled < CLEARLY_LESS * fvu) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "with activations times %.4g (to a mean norm of sqrt(d_in)) FVU is %.3f instead of %.3f: a scale of the training was not folded into the weights",
              scale,
              scaled,
              fvu));
    }
  }
}
