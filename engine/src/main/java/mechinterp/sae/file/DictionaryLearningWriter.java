package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.archive.TorchWriter;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrossLayerConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;

/**
 * Writes folders that dictionary_learning's {@code load_dictionary} loads. TopK becomes an
 * AutoEncoderTopK, BatchTopK a BatchTopKSAE and Matryoshka a MatryoshkaBatchTopKSAE with their
 * threshold, Gated a GatedAutoEncoder, JumpReLU and ReLU a JumpReluAutoEncoder, whose encoder does
 * not subtract b_dec: its b_enc is b_enc - b_dec W_enc.
 */
final class DictionaryLearningWriter {
  /** What an AutoEncoderTopK has that was never asked for a threshold. */
  private static final float UNSET = -1;

  private final Sae sae;
  private final SaeWeights weights;
  private final Device device;
  private final TorchWriter state = new TorchWriter();

  private DictionaryLearningWriter(Sae sae) {
    this.sae = sae;
    this.weights = sae.weights();
    this.device = sae.device();
  }

  private static String dictClass(SaeConfig config) {
    return switch (config) {
      case TopKConfig _, MultiTopKConfig _, HybridSaeConfig _ -> DictionaryLearningFiles.TOP_K;
      case BatchTopKConfig _ -> DictionaryLearningFiles.BATCH_TOP_K;
      case MatryoshkaConfig _ -> DictionaryLearningFiles.MATRYOSHKA;
      case JumpReluConfig _, StandardConfig _, PAnnealConfig _ -> DictionaryLearningFiles.JUMP_RELU;
      case GatedConfig _ -> DictionaryLearningFiles.GATED;
      case TranscoderConfig _,
          JumpReluTranscoderConfig _,
          CrosscoderConfig _,
          JumpReluCrosscoderConfig _,
          CrossLayerConfig _,
          GroupMaxConfig _,
          SwitchConfig _,
          MatchingPursuitConfig _ ->
          throw unknown(config);
    };
  }

  private static IllegalArgumentException unknown(SaeConfig config) {
    return new IllegalArgumentException(
        "format dictionary-learning: the autoencoder is %s; dictionary_learning has no such kind"
            .formatted(config.architecture()));
  }

  /**
   * Writes the files into a folder.
   *
   * @throws IllegalArgumentException when dictionary_learning does not have the kind
   */
  static void write(Sae sae, Path folder, SaeMetadata metadata) throws IOException {
    DictionaryLearningWriter writer = new DictionaryLearningWriter(sae);
    Optional<Integer> k = writer.addKind();
    Json.write(
        folder.resolve(DictionaryLearningFiles.CONFIG),
        Map.of("trainer", trainer(sae.config(), k, metadata)));
    writer.state.write(folder.resolve(DictionaryLearningFiles.WEIGHTS));
  }

  private static Map<String, Object> trainer(
      SaeConfig config, Optional<Integer> k, SaeMetadata metadata) {
    Map<String, Object> trainer = new LinkedHashMap<>();
    trainer.put("dict_class", dictClass(config));
    trainer.put("activation_dim", config.dIn());
    trainer.put("dict_size", config.dSae());
    k.ifPresent(value -> trainer.put("k", value));
    metadata.modelName().ifPresent(name -> trainer.put("lm_name", name));
    metadata.hookName().ifPresent(name -> trainer.put("submodule_name", name));
    if (config instanceof HybridSaeConfig) {
      trainer.put(SaeLensConfig.HYBRID, Json.node(config));
    }
    return trainer;
  }

  /** Adds all tensors; returns k where the kind has one. */
  private Optional<Integer> addKind() {
    return switch (sae.config()) {
      case TopKConfig topK -> Optional.of(addTopK(topK.k()));
      case MultiTopKConfig multi -> Optional.of(addTopK(multi.k()));
      case HybridSaeConfig hybrid -> Optional.of(addTopK(hybrid.k()));
      case BatchTopKConfig batchTopK -> {
        state.integer("k", batchTopK.k());
        addOne("threshold", threshold());
        addLinear("encoder.bias", "b_dec");
        yield Optional.of(batchTopK.k());
      }
      case MatryoshkaConfig matryoshka -> {
        state.integer("k", matryoshka.k());
        addOne("threshold", threshold());
        addGroups(matryoshka.prefixes());
        addPlain(rows(weights.bEnc()));
        yield Optional.of(matryoshka.k());
      }
      case JumpReluConfig _, StandardConfig _, PAnnealConfig _ -> {
        UncentredWeights uncentred = new UncentredWeights((ThresholdSae) sae);
        addPlain(uncentred.encoderBias());
        state.tensor("threshold", DType.F32, uncentred.thresholds(), sae.dSae());
        yield Optional.empty();
      }
      case GatedConfig _ -> {
        addGated((GatedSae) sae);
        yield Optional.empty();
      }
      case TranscoderConfig _,
          JumpReluTranscoderConfig _,
          CrosscoderConfig _,
          JumpReluCrosscoderConfig _,
          CrossLayerConfig _,
          GroupMaxConfig _,
          SwitchConfig _,
          MatchingPursuitConfig _ ->
          throw unknown(sae.config());
    };
  }

  private int addTopK(int k) {
    state.integer("k", k);
    addOne("threshold", UNSET);
    addLinear("encoder.bias", "b_dec");
    return k;
  }

  private void addGated(GatedSae gated) {
    addLinear(DictionaryLearningFiles.GATE_BIAS, DictionaryLearningFiles.GATED_DECODER_BIAS);
    state
        .tensor(
            DictionaryLearningFiles.MAGNITUDE_SCALE, DType.F32, rows(gated.rMag()), gated.dSae())
        .tensor(
            DictionaryLearningFiles.MAGNITUDE_BIAS, DType.F32, rows(gated.bMag()), gated.dSae());
  }

  private void addLinear(String encoderBias, String decoderBias) {
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    state
        .tensor(decoderBias, DType.F32, rows(weights.bDec()), dIn)
        .tensor(
            "decoder.weight",
            DType.F32,
            sink -> SaeFiles.writeTransposed(sink, device, weights.wDec()),
            dIn,
            dSae)
        .tensor("encoder.weight", DType.F32, rows(weights.wEnc()), dSae, dIn)
        .tensor(encoderBias, DType.F32, rows(weights.bEnc()), dSae);
  }

  private void addPlain(SafetensorsWriter.Source encoderBias) {
    int dIn = sae.dIn();
    int dSae = sae.dSae();
    state
        .tensor(
            "W_enc",
            DType.F32,
            sink -> SaeFiles.writeTransposed(sink, device, weights.wEnc()),
            dIn,
            dSae)
        .tensor("b_enc", DType.F32, encoderBias, dSae)
        .tensor("W_dec", DType.F32, rows(weights.wDec()), dSae, dIn)
        .tensor("b_dec", DType.F32, rows(weights.bDec()), dIn);
  }

  private void addOne(String name, float value) {
    state.tensor(name, DType.F32, sink -> sink.floats(new float[] {value}, 0, 1));
  }

  /** Prefixes end where groups do. */
  private void addGroups(List<Prefix> prefixes) {
    long[] groups = new long[prefixes.size()];
    int before = 0;
    for (int i = 0; i < groups.length; i++) {
      groups[i] = (long) prefixes.get(i).latents() - before;
      before = prefixes.get(i).latents();
    }
    state.tensor(
        "group_sizes", DType.I64, sink -> sink.longs(groups, 0, groups.length), groups.length);
  }

  /** All latents of these kinds have the same. */
  private float threshold() {
    return device.toHost(((ThresholdSae) sae).thresholds().columnRange(0, 1))[0];
  }

  private SafetensorsWriter.Source rows(FloatMatrix matrix) {
    return sink -> SaeFiles.writeRows(sink, device, matrix);
  }
}
