package mechinterp.analysis;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * What the model would predict if it ended after each of its blocks: the residual stream there,
 * through the final norm and the unembedding (nostalgebraist 2020,
 * https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens). The last
 * layer's prediction is the model's own.
 */
public final class LogitLens {
  private LogitLens() {}

  /**
   * What is predicted at one place.
   *
   * @param hook where the residual stream was read
   * @param tokens of each token of the text what is predicted behind it
   */
  public record Layer(HookPoint hook, List<Prediction> tokens) {
    /** Keeps the list. */
    public Layer {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * A prediction.
   *
   * @param likeliest the likeliest tokens, the likeliest first
   * @param klDivergence sum over tokens of p (log p - log q), p the model's own distribution and q
   *     this one, in nats
   */
  public record Prediction(List<TokenProbability> likeliest, double klDivergence) {
    /** Keeps the list. */
    public Prediction {
      likeliest = List.copyOf(likeliest);
    }
  }

  /** A token and how likely it is. */
  public record TokenProbability(int id, double probability) {}

  /**
   * Returns the predictions of the embedding and after each block.
   *
   * @param model a language model
   * @param ids the text
   * @param count how many likely tokens to name
   * @throws IllegalArgumentException when the model is an encoder, or does not take the text
   */
  public static List<Layer> of(Transformer model, int[] ids, int count) {
    var _ = model.unembed();
    return of(model, ids, count, (_, stream) -> stream);
  }

  /**
   * Returns the same with a lens that was tuned to the model.
   *
   * @throws IllegalArgumentException when the model does not take the text
   */
  public static List<Layer> of(TunedLens lens, int[] ids, int count) {
    Transformer model = lens.model();
    return of(
        model,
        ids,
        count,
        (hook, stream) -> {
          FloatMatrix translated = model.device().floats(stream.rows(), stream.cols());
          lens.translate(translated, hook, stream);
          return translated;
        });
  }

  private static List<Layer> of(
      Transformer model,
      int[] ids,
      int count,
      BiFunction<HookPoint, FloatMatrix, FloatMatrix> translation) {
    SequencedSet<HookPoint> hooks = new LinkedHashSet<>();
    hooks.add(HookPoint.residPre(0));
    for (int layer = 0; layer < model.config().nLayers(); layer++) {
      hooks.add(HookPoint.residPost(layer));
    }
    Activations run = model.run(TokenBatch.ofIds(List.of(ids)), hooks, Map.of());
    FloatMatrix own = model.logits(run.output());
    List<Layer> layers = new ArrayList<>();
    for (HookPoint hook : hooks) {
      FloatMatrix stream = translation.apply(hook, run.at(hook));
      FloatMatrix logits = model.logits(FinalNorm.apply(model, stream));
      layers.add(new Layer(hook, predictions(model.device(), own, logits, count)));
    }
    return layers;
  }

  private static List<Prediction> predictions(
      Device device, FloatMatrix own, FloatMatrix logits, int count) {
    FloatMatrix divergences = device.floats(logits.rows(), 1);
    device.kernels().klDivergence(divergences, own, logits);
    float[] divergence = device.toHost(divergences);
    device.kernels().softmax(logits, logits);
    List<Prediction> predictions = new ArrayList<>();
    for (int t = 0; t < logits.rows(); t++) {
      float[] probabilities = device.toHost(logits.row(t));
      predictions.add(new Prediction(likeliest(probabilities, count), divergence[t]));
    }
    return predictions;
  }

  private static List<TokenProbability> likeliest(float[] probabilities, int count) {
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted((a, b) -> Float.compare(probabilities[b], probabilities[a]))
        .limit(count)
        .map(id -> new TokenProbability(id, probabilities[id]))
        .toList();
  }
}
