package mechinterp.analysis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import mechinterp.nn.Linear;
import mechinterp.nn.Parameter;
import mechinterp.tensor.FloatMatrix;

/**
 * A logit lens with a translator for the embedding and for every block but the last, which brings
 * the residual stream h there into the coordinates of the last one:
 *
 * <pre>
 *   translated = h + h A + b
 *   logits = unembedding of final norm of translated
 * </pre>
 *
 * With A = 0 and b = 0 it is the logit lens, bit for bit. Source: Belrose et al. 2023
 * (arXiv:2303.08112); the sum with h as in their library, so that weight decay leads to the logit
 * lens.
 */
public final class TunedLens {
  private final Transformer model;
  private final SequencedMap<HookPoint, Translator> translators = new LinkedHashMap<>();

  /** The translator of one hook point: A [d_model, d_model] and b [1, d_model]. */
  record Translator(Parameter weight, Parameter bias, Linear linear) {
    static Translator of(Device device, String name, int width) {
      Parameter weight = parameter(device, name + ".weight", width, width);
      Parameter bias = parameter(device, name + ".bias", 1, width);
      return new Translator(weight, bias, new Linear(device, weight, bias));
    }

    private static Parameter parameter(Device device, String name, int rows, int cols) {
      return new Parameter(name, device.floats(rows, cols), device.floats(rows, cols));
    }
  }

  private TunedLens(Transformer model) {
    this.model = model;
    int width = model.config().dModel();
    for (HookPoint hook : hooks(model)) {
      String name = String.valueOf(translators.size());
      translators.put(hook, Translator.of(model.device(), name, width));
    }
  }

  /** Returns the residual stream's hook points that are translated: before each block. */
  private static List<HookPoint> hooks(Transformer model) {
    List<HookPoint> hooks = new ArrayList<>(List.of(HookPoint.residPre(0)));
    for (int layer = 0; layer + 1 < model.config().nLayers(); layer++) {
      hooks.add(HookPoint.residPost(layer));
    }
    return hooks;
  }

  /**
   * Returns a lens that is the logit lens.
   *
   * @param model a language model
   * @throws IllegalArgumentException when the model is an encoder
   */
  public static TunedLens identity(Transformer model) {
    var _ = model.unembed();
    return new TunedLens(model);
  }

  /** Returns the model that it is of. */
  public Transformer model() {
    return model;
  }

  /** Returns the hook points that are translated, in the order of computation. */
  public SequencedSet<HookPoint> hooks() {
    return translators.sequencedKeySet();
  }

  /** Returns all A and b, in the order of computation, with the names of files. */
  List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    for (Translator translator : translators.values()) {
      parameters.add(translator.weight());
      parameters.add(translator.bias());
    }
    return parameters;
  }

  /** Takes over what has changed in the parameters' values. */
  void refresh() {
    translators.values().forEach(translator -> translator.linear().refresh());
  }

  /**
   * translated [rows, d_model] = what the translator of a hook point makes of h; of the last
   * block's output h itself.
   *
   * @param translated does not overlap h
   * @param h the residual stream there
   */
  public void translate(FloatMatrix translated, HookPoint hook, FloatMatrix h) {
    Optional<Translator> translator = Optional.ofNullable(translators.get(hook));
    if (translator.isEmpty()) {
      model.device().kernels().copy(translated, h);
      return;
    }
    translator.get().linear().forward(translated, h);
    model.device().kernels().add(translated, translated, h);
  }

  /**
   * Adds to the gradients of a translator.
   *
   * @param dTranslated the gradient with respect to what it made
   */
  void addGradients(HookPoint hook, FloatMatrix dTranslated, FloatMatrix h) {
    Optional.ofNullable(translators.get(hook)).orElseThrow().linear().addGradients(dTranslated, h);
  }
}
