package mechinterp.sae.file;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;
import mechinterp.kernel.RowNorm;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * SAELens' {@code cfg.json}. What is written is the form of version 6; what is read may have
 * further fields, but none of those that change what the weights mean may have another value.
 */
final class SaeLensConfig {
  /** Without a version of at least 6 SAELens reads a cfg.json by the rules of its older forms. */
  private static final String FORMAT_VERSION = "6.0.0";

  private static final String INPUT_SCALE = "expected_average_only_in";
  private static final String VERSION = "sae_lens_version";
  static final String TRAINED_AS = "training_architecture";
  static final String TRAINED_K = "training_k";
  private static final String TRAINED_WIDTHS = "training_matryoshka_widths";

  /** What a TopK autoencoder is besides one, for {@link HybridSaeConfig}. */
  static final String HYBRID = "hybrid_sae";

  private final String file;
  private final JsonNode tree;

  private SaeLensConfig(String file, JsonNode tree) {
    this.file = file;
    this.tree = tree;
  }

  private static final String NORMALIZE = "normalize_activations";
  private static final String NONE = "none";

  private record TopKFile(
      String architecture,
      int dIn,
      int dSae,
      int k,
      String dtype,
      String device,
      @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
      String normalizeActivations,
      String reshapeActivations,
      boolean rescaleActsByDecoderNorm,
      Map<String, Object> metadata) {}

  private record PlainFile(
      String architecture,
      int dIn,
      int dSae,
      String dtype,
      String device,
      @JsonProperty("apply_b_dec_to_input") boolean applyDecoderBiasToInput,
      String normalizeActivations,
      String reshapeActivations,
      Map<String, Object> metadata) {}

  static void write(Path path, Sae sae, SaeMetadata metadata) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(VERSION, FORMAT_VERSION);
    fields.putAll(metadata.fields());
    ObjectNode file = (ObjectNode) Json.node(form(sae.config(), fields));
    if (sae instanceof NormalizedSae normalized) {
      file.put(NORMALIZE, TokenNorms.name(normalized.norm()));
    }
    Json.write(path, file);
  }

  private static Object form(SaeConfig config, Map<String, Object> fields) {
    return switch (config) {
      case TopKConfig topK -> file(topK.architecture(), topK, topK.k(), fields);
      case MultiTopKConfig multi -> {
        fields.put(TRAINED_AS, multi.architecture());
        yield file(TopKConfig.ARCHITECTURE, multi, multi.k(), fields);
      }
      case GroupMaxConfig groupMax ->
          file(GroupMaxConfig.ARCHITECTURE, groupMax, groupMax.k(), fields);
      case BatchTopKConfig batchTopK -> {
        fields.put(TRAINED_AS, batchTopK.architecture());
        fields.put(TRAINED_K, batchTopK.k());
        yield file(JumpReluConfig.ARCHITECTURE, batchTopK, fields);
      }
      case MatryoshkaConfig matryoshka -> {
        fields.put(TRAINED_AS, matryoshka.architecture());
        fields.put(TRAINED_K, matryoshka.k());
        fields.put(TRAINED_WIDTHS, matryoshka.prefixes().stream().map(Prefix::latents).toList());
        yield file(JumpReluConfig.ARCHITECTURE, matryoshka, fields);
      }
      case JumpReluConfig jumpRelu -> file(JumpReluConfig.ARCHITECTURE, jumpRelu, fields);
      case GatedConfig gated -> file(GatedConfig.ARCHITECTURE, gated, fields);
      case StandardConfig standard -> file(StandardConfig.ARCHITECTURE, standard, fields);
      case PAnnealConfig pAnneal -> {
        fields.put(TRAINED_AS, pAnneal.architecture());
        yield file(StandardConfig.ARCHITECTURE, pAnneal, fields);
      }
      case HybridSaeConfig hybrid -> {
        fields.put(TRAINED_AS, hybrid.architecture());
        fields.put(HYBRID, Json.node(hybrid));
        yield file(TopKConfig.ARCHITECTURE, hybrid, hybrid.k(), fields);
      }
      case TranscoderConfig transcoder -> TranscoderForm.of(transcoder, fields);
      case JumpReluTranscoderConfig transcoder -> TranscoderForm.of(transcoder, fields);
      case CrosscoderConfig crosscoder -> CrosscoderForm.of(crosscoder, fields);
      case JumpReluCrosscoderConfig crosscoder -> CrosscoderForm.of(crosscoder, fields);
      case CrossLayerConfig crossLayer ->
          throw new IllegalArgumentException(
              "format saelens: has no place for a %s; its format is circuit-tracer"
                  .formatted(crossLayer.architecture()));
      case SwitchConfig experts -> SwitchForm.of(experts, fields);
      case MatchingPursuitConfig pursuit -> MatchingPursuitForm.of(pursuit, fields);
    };
  }

  private static TopKFile file(
      String architecture, SaeConfig config, int k, Map<String, Object> metadata) {
    return new TopKFile(
        architecture,
        config.dIn(),
        config.dSae(),
        k,
        "float32",
        "cpu",
        true,
        "none",
        "none",
        false,
        metadata);
  }

  private static PlainFile file(
      String architecture, SaeConfig config, Map<String, Object> metadata) {
    return new PlainFile(
        architecture,
        config.dIn(),
        config.dSae(),
        "float32",
        "cpu",
        true,
        "none",
        "none",
        metadata);
  }

  static SaeLensConfig read(Path path) throws IOException {
    JsonNode tree = Json.tree(path);
    if (!tree.isObject()) {
      throw new FormatException(path.toString(), "holds no JSON object; it must hold one");
    }
    JsonField config = new JsonField(path.toString(), "", tree);
    boolean isOld = OldSaeLensConfig.is(config);
    return new SaeLensConfig(path.toString(), isOld ? OldSaeLensConfig.migrate(config) : tree);
  }

  /** Returns the kind and the sizes. */
  SaeConfig config() throws FormatException {
    String architecture = architecture();
    requireOneToken(architecture);
    boolean ofOneSite =
        !architecture.endsWith(TranscoderConfig.ARCHITECTURE)
            && !architecture.endsWith(CrosscoderConfig.ARCHITECTURE);
    requireNormalization(ofOneSite && !architecture.equals(SwitchConfig.ARCHITECTURE));
    requireReadable("reshape_activations", "none", "hook_z");
    requireUncentred(architecture, !ofOneSite);
    try {
      return switch (architecture) {
        case TopKConfig.ARCHITECTURE ->
            topK(new TopKConfig(integer("d_in"), integer("d_sae"), integer("k")));
        case SignedTensors.ARCHITECTURE ->
            new TopKConfig(integer("d_in"), SignedTensors.latents(integer("d_sae")), integer("k"));
        case JumpReluConfig.ARCHITECTURE,
            BatchTopKConfig.ARCHITECTURE,
            MatryoshkaConfig.ARCHITECTURE ->
            new JumpReluConfig(integer("d_in"), integer("d_sae"));
        case GroupMaxConfig.ARCHITECTURE ->
            new GroupMaxConfig(integer("d_in"), integer("d_sae"), integer("k"));
        case TranscoderForm.TOPK -> topKTranscoder(false);
        case TranscoderForm.SKIP_TOPK -> topKTranscoder(true);
        case JumpReluTranscoderConfig.ARCHITECTURE, TranscoderForm.RELU -> transcoder(false);
        case JumpReluTranscoderConfig.SKIP_ARCHITECTURE, TranscoderForm.SKIP_RELU ->
            transcoder(true);
        case CrosscoderForm.TOPK ->
            new CrosscoderConfig(
                integer("layers"),
                integer("d_model"),
                integer("d_sae"),
                integer("k"),
                KScope.TOKEN);
        case JumpReluCrosscoderConfig.ARCHITECTURE ->
            new JumpReluCrosscoderConfig(integer("layers"), integer("d_model"), integer("d_sae"));
        case GatedConfig.ARCHITECTURE -> new GatedConfig(integer("d_in"), integer("d_sae"));
        case StandardConfig.ARCHITECTURE -> new StandardConfig(integer("d_in"), integer("d_sae"));
        case SwitchConfig.ARCHITECTURE -> SwitchForm.config(new JsonField(file, "", tree));
        case MatchingPursuitConfig.ARCHITECTURE ->
            MatchingPursuitForm.config(new JsonField(file, "", tree));
        default ->
            throw new FormatException(
                file,
                "architecture is \"%s\"; it must be \"topk\", \"abstopk\", \"batchtopk\", \"matryoshka_batchtopk\", \"jumprelu\", \"standard\", \"gated\", \"groupmax\", \"switch\", \"matching_pursuit\" or that of a transcoder or crosscoder"
                    .formatted(architecture));
      };
    } catch (IllegalArgumentException e) {
      throw new FormatException(file, String.valueOf(e.getMessage()), e);
    }
  }

  private SaeConfig topK(TopKConfig topK) throws FormatException {
    JsonNode field = tree.path("metadata").path(HYBRID);
    if (field.isMissingNode()) {
      return topK;
    }
    String name = "metadata." + HYBRID;
    HybridSaeConfig hybrid = Json.value(file + ": " + name, field, HybridSaeConfig.class);
    if (hybrid.dIn() != topK.dIn() || hybrid.dSae() != topK.dSae() || hybrid.k() != topK.k()) {
      throw new FormatException(
          file,
          "%s has d_in %d, d_sae %d, k %d, the file %d, %d, %d; they must be equal"
              .formatted(
                  name,
                  hybrid.dIn(),
                  hybrid.dSae(),
                  hybrid.k(),
                  topK.dIn(),
                  topK.dSae(),
                  topK.k()));
    }
    return hybrid;
  }

  private TranscoderConfig topKTranscoder(boolean skip) throws FormatException {
    return new TranscoderConfig(
        integer("d_in"), integer("d_out"), integer("d_sae"), integer("k"), KScope.TOKEN, skip);
  }

  private JumpReluTranscoderConfig transcoder(boolean skip) throws FormatException {
    return new JumpReluTranscoderConfig(integer("d_in"), integer("d_out"), integer("d_sae"), skip);
  }

  private void requireUncentred(String architecture, boolean expected) throws FormatException {
    if (expected && subtractsDecoderBias()) {
      throw new FormatException(
          file, "apply_b_dec_to_input is true; it must be false for a " + architecture);
    }
  }

  private String architecture() throws FormatException {
    return text("architecture", "absent");
  }

  /** SAELens' temporal autoencoder attends to the tokens before. */
  private void requireOneToken(String architecture) throws FormatException {
    if (architecture.equals("temporal")) {
      throw new FormatException(
          file,
          "architecture is \"temporal\", which encodes a token with those before it; only what encodes each token by itself can be read");
    }
  }

  /** Returns whether a latent can be active with either sign. */
  boolean isSigned() throws FormatException {
    return architecture().equals(SignedTensors.ARCHITECTURE);
  }

  /** Returns whether it is a state of SAELens' training with k of a batch. */
  boolean isOfBatchTopK() throws FormatException {
    String architecture = architecture();
    return architecture.equals(BatchTopKConfig.ARCHITECTURE)
        || architecture.equals(MatryoshkaConfig.ARCHITECTURE);
  }

  /** Returns whether the file has thresholds; without them they are 0. */
  boolean hasThresholds() throws FormatException {
    String architecture = architecture();
    return !architecture.equals(TranscoderForm.RELU)
        && !architecture.equals(TranscoderForm.SKIP_RELU);
  }

  /** Returns whether pre-activations are to be multiplied by the norms of the decoder's rows. */
  boolean rescalesByDecoderNorm() throws FormatException {
    return flag("rescale_acts_by_decoder_norm", false);
  }

  /**
   * Returns whether the encoder expects its input to be multiplied with a scale that the weights do
   * not have in them.
   */
  boolean expectsScaledInput() throws FormatException {
    return text(NORMALIZE, NONE).equals(INPUT_SCALE);
  }

  /** Returns what each activation is brought to by itself. */
  Optional<RowNorm> tokenNorm() throws FormatException {
    return TokenNorms.ofName(text(NORMALIZE, NONE));
  }

  private void requireNormalization(boolean ofOneSite) throws FormatException {
    String found = text(NORMALIZE, NONE);
    boolean readable =
        found.equals(NONE)
            || (ofOneSite && (found.equals(INPUT_SCALE) || TokenNorms.ofName(found).isPresent()));
    if (!readable) {
      List<String> known = new ArrayList<>(List.of(NONE));
      if (ofOneSite) {
        known.add(INPUT_SCALE);
        known.addAll(TokenNorms.names());
      }
      throw new FormatException(
          file,
          "%s is \"%s\"; it must be one of %s to be read here"
              .formatted(NORMALIZE, found, String.join(", ", known)));
    }
  }

  /** Returns whether the encoder sees x - b_dec. */
  boolean subtractsDecoderBias() throws FormatException {
    return flag("apply_b_dec_to_input", true);
  }

  SaeMetadata metadata() throws FormatException {
    Map<String, Object> fields = new LinkedHashMap<>();
    tree.path("metadata").forEachEntry((name, value) -> put(fields, name, value));
    if (isSigned() || isOfBatchTopK()) {
      fields.put(TRAINED_AS, architecture());
    }
    if (isOfBatchTopK() && tree.path("k").isNumber()) {
      fields.put(TRAINED_K, tree.path("k").numberValue());
    }
    return new SaeMetadata(fields);
  }

  private static void put(Map<String, Object> fields, String name, JsonNode value) {
    if (!name.equals(VERSION) && !name.equals(HYBRID)) {
      fields.put(name, plain(value));
    }
  }

  private static Object plain(JsonNode value) {
    if (value.isObject()) {
      Map<String, Object> fields = new LinkedHashMap<>();
      value.forEachEntry((name, field) -> put(fields, name, field));
      return fields;
    }
    if (value.isArray()) {
      return value.valueStream().map(SaeLensConfig::plain).toList();
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isNull()) {
      return Optional.empty();
    }
    return value.isNumber() ? value.numberValue() : value.asString();
  }

  private String text(String field, String absent) throws FormatException {
    JsonNode value = tree.path(field);
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isString()) {
      throw new FormatException(file, "%s is %s; it must be text".formatted(field, value));
    }
    return value.stringValue();
  }

  private void requireReadable(String field, String absent, String other) throws FormatException {
    String found = text(field, absent);
    if (!found.equals(absent) && !found.equals(other)) {
      throw new FormatException(
          file,
          "%s is \"%s\"; only \"%s\" and \"%s\" can be read"
              .formatted(field, found, absent, other));
    }
  }

  private boolean flag(String field, boolean absent) throws FormatException {
    JsonNode value = tree.path(field);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw new FormatException(file, "%s is %s; it must be true or false".formatted(field, value));
    }
    return value.isMissingNode() ? absent : value.booleanValue();
  }

  private int integer(String field) throws FormatException {
    JsonNode value = tree.path(field);
    if (!value.isInt()) {
      String found = value.isMissingNode() ? "missing" : value.toString();
      throw new FormatException(
          file, "%s is %s; it must be a whole number".formatted(field, found));
    }
    return value.intValue();
  }
}
