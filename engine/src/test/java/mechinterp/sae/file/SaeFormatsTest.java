package mechinterp.sae.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Damage;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.kernel.RowNorm;
import mechinterp.random.RandomStream;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.MatchingPursuitSae;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SaeFormatsTest {
  private static final float TOLERANCE = 1e-5f;

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  static List<Path> golden() throws IOException {
    return GoldenSaes.folders();
  }

  @ParameterizedTest
  @MethodSource("golden")
  void codesAndReconstructionsAreThoseOfTheLibrary(Path golden) throws IOException {
    Sae sae = SaeFormats.load(GoldenSaes.source(golden), device).sae();
    try (SafetensorsFile expected = SafetensorsFile.open(GoldenSaes.expected(golden))) {
      requireAgreement(sae, expected);
    }
  }

  private void requireAgreement(Sae sae, SafetensorsFile expected) throws IOException {
    int tokens = (int) expected.info("x").rows();
    FloatMatrix x = device.floats(tokens, sae.dIn());
    device.upload(x, expected.floats("x"), 0);
    SparseCodes codes = sae.newCodes(tokens);
    FloatMatrix reconstruction = device.floats(tokens, sae.dOut());
    sae.encode(codes, x);
    sae.reconstruct(reconstruction, codes, x);
    requireClose(expected.floats("features"), dense(codes, tokens, sae.dSae()), "feature");
    requireClose(
        expected.floats("reconstruction"), device.toHost(reconstruction), "reconstruction");
  }

  private float[] dense(SparseCodes codes, int tokens, int dSae) {
    int[] counts = device.toHost(codes.counts());
    int[] latents = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    float[] dense = new float[tokens * dSae];
    for (int t = 0; t < tokens; t++) {
      for (int i = t * codes.capacity(); i < t * codes.capacity() + counts[t]; i++) {
        dense[t * dSae + latents[i]] = values[i];
      }
    }
    return dense;
  }

  private static void requireClose(float[] expected, float[] actual, String what) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      float tolerance = TOLERANCE * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], actual[i], tolerance, what + " " + i);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "saelens-topk, SAELENS",
    "sparsify-expanded, SPARSIFY",
    "dictionary-learning-april, DICTIONARY_LEARNING",
    "gemma-scope/layer_3/width_16k/average_l0_5, GEMMA_SCOPE",
    "gemma-scope/layer_3/width_16k/average_l0_5/params.npz, GEMMA_SCOPE",
    "gemma-scope-2/resid_post/layer_3_width_16k_l0_small, GEMMA_SCOPE_2",
    "gemma-scope-2/resid_post/layer_3_width_16k_l0_small/params.safetensors, GEMMA_SCOPE_2",
    "llama-scope/Llama3_1-8B-Base-L3R-8x, LLAMA_SCOPE",
    "openai/openai.pt, OPENAI",
    "goodfire/Llama-3.1-8B-Instruct-SAE-l19.pth, GOODFIRE",
    "circuit-tracer/layer_3.safetensors, CIRCUIT_TRACER",
    "circuit-tracer, CIRCUIT_TRACER",
    "dictionary-learning-topk/ae.pt, DICTIONARY_LEARNING",
  })
  void whatLiesThereIsKnownByItsFiles(String path, SaeFormat format) throws IOException {
    assertEquals(format, SaeFormats.detect(GoldenSaes.root().resolve(path)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "saelens-gated-old | gpt2-small | blocks.3.hook_mlp_out",
        "saelens-topk-old | gpt2-small | blocks.3.hook_resid_pre",
        "sparsify-topk/layers.3 | | blocks.3.hook_resid_post",
        "dictionary-learning-topk | EleutherAI/pythia-70m-deduped | ",
        "gemma-scope-2/resid_post/layer_3_width_16k_l0_small | gemma-v3-270m | blocks.3.hook_resid_post",
        "gemma-scope/layer_3/width_16k/average_l0_5 | | ",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | | blocks.3.hook_resid_post",
        "circuit-tracer/layer_3.safetensors | Qwen/Qwen3-0.6B | ",
      })
  void whatTheFilesSayOfTheirModelIsKept(String path, String model, String hook)
      throws IOException {
    SaeMetadata metadata = SaeFormats.load(GoldenSaes.root().resolve(path), device).metadata();
    assertEquals(Optional.ofNullable(model), metadata.modelName());
    assertEquals(Optional.ofNullable(hook), metadata.hookName());
  }

  /** Returns a copy in which a text of a file is another one. */
  private Path edited(String golden, String file, String from, String to) throws IOException {
    Path copy = copied(golden);
    String text = Files.readString(copy.resolve(file));
    assertTrue(text.contains(from), from);
    Files.writeString(copy.resolve(file), text.replace(from, to));
    return copy;
  }

  private Path copied(String golden) throws IOException {
    Path from = GoldenSaes.root().resolve(golden);
    Path copy = folder.resolve("copy");
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(from.relativize(file).toString()));
      }
    }
    return copy;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sparsify-expanded | cfg.json | \"skip_connection\": false | \"skip_connection\": true | /sae.safetensors: has no tensor \"W_skip\"",
        "circuit-tracer | config.yaml | model_name: | activation: topk # | /config.yaml: has \"activation: topk",
        "sparsify-expanded | cfg.json | \"topk\" | \"batchtopk\" | /cfg.json: activation is \"batchtopk\"; expected \"topk\" or \"groupmax\"",
        "sparsify-groupmax | cfg.json | \"transcode\": false | \"transcode\": true | /cfg.json: activation is \"groupmax\"; expected \"topk\" of a transcoder",
        "sparsify-groupmax | cfg.json | \"k\": 6 | \"k\": 7 | /sae.safetensors: d_sae: is 24, k is 7; d_sae must be a multiple of k",
        "saelens-batchtopk-state | cfg.json | \"d_sae\": 24 | \"d_sae\": 23 | /sae_weights.safetensors: tensor \"W_enc\" is [10, 24]; it must be [10, 23]",
        "saelens-abstopk | cfg.json | \"d_sae\": 24 | \"d_sae\": 23 | /sae_weights.safetensors: tensor \"W_enc\" is [10, 48]; it must be [10, 46]",
        "saelens-abstopk | cfg.json | \"d_sae\": 24 | \"d_sae\": 1073741824 | /cfg.json: d_sae: is 1073741824; latents of two signs must be at most 1073741823",
        "sparsify-expanded | cfg.json | \"k\": 5 | \"k\": 31 | /sae.safetensors: k: is 31, d_sae is 30; k must be at most d_sae",
        "sparsify-expanded | cfg.json | \"expansion_factor\": 3 | \"expansion_factor\": 4 | /sae.safetensors: tensor \"encoder.weight\" is [30, 10]; it must be [40, 10]",
        "sparsify-expanded | cfg.json | \"num_latents\": 0 | \"signed\": true, \"num_latents\": 0 | /cfg.json: signed is true; expected false",
        "dictionary-learning-topk | config.json | AutoEncoderTopK | IdentityDict | /config.json: trainer.dict_class is \"IdentityDict\"; expected one of [AutoEncoder, AutoEncoderNew, AutoEncoderTopK, BatchTopKSAE, MatryoshkaBatchTopKSAE, JumpReluAutoEncoder, GatedAutoEncoder]",
        "dictionary-learning-topk | config.json | AutoEncoderTopK | JumpReluAutoEncoder | /ae.pt: has no tensor \"W_enc\"",
        "dictionary-learning-topk | config.json | AutoEncoderTopK | GatedAutoEncoder | /ae.pt: has no tensor \"gate_bias\"",
        "dictionary-learning-topk | config.json | \"k\": 5 | \"k\": 6 | /ae.pt: k is 5, trainer.k of",
        "dictionary-learning-topk | config.json | \"dict_size\": 24 | \"dict_size\": 25 | /config.json: trainer.dict_size is 25; expected 24 as in",
        "gemma-scope-2/resid_post/layer_3_width_16k_l0_small | config.json | jump_relu | relu | /config.json: architecture is \"relu\"; expected \"jump_relu\"",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | hyperparams.json | \"use_glu_encoder\": false | \"use_glu_encoder\": true | /hyperparams.json: use_glu_encoder is true; expected false",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | hyperparams.json | dataset-wise | token-wise | /hyperparams.json: norm_activation is \"token-wise\"; expected \"dataset-wise\" or \"inference\"",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | hyperparams.json | \"jumprelu\" | \"topk\" | /hyperparams.json: act_fn is \"topk\"; expected \"jumprelu\" or \"relu\"",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | hyperparams.json | \"in\": 2.40625 | \"in\": 0 | /hyperparams.json: dataset_average_activation_norm.in is 0; expected a number above 0",
        "llama-scope/Llama3_1-8B-Base-L3R-8x | hyperparams.json | \"hook_point_out\": \"blocks.3.hook_resid_post\" | \"hook_point_out\": \"blocks.3.hook_mlp_out\" | /hyperparams.json: hook_point_out is \"blocks.3.hook_mlp_out\"; expected \"blocks.3.hook_resid_post\"",
      })
  void whatCannotBeReadIsRefusedByItsField(
      String golden, String file, String from, String to, String problem) throws IOException {
    Path copy = edited(golden, file, from, to);
    Path source = GoldenSaes.source(copy);
    String message = Refusal.of(FormatException.class, () -> SaeFormats.load(source, device));
    assertTrue(message.startsWith(copy + problem), message);
  }

  /** Selection by pre-activation times decoder norm, written out as lm_saes does it. */
  @Test
  void thresholdsOfLlamaScopeTakeTheDecodersNorms() throws IOException {
    Path copy =
        edited(
            "llama-scope/Llama3_1-8B-Base-L3R-8x",
            "hyperparams.json",
            "\"sparsity_include_decoder_norm\": false",
            "\"sparsity_include_decoder_norm\": true");
    ThresholdSae with = (ThresholdSae) SaeFormats.load(copy, device).sae();
    double scale = Math.sqrt(10) / 2.40625;
    float[] decoder = device.toHost(with.weights().wDec());
    float[] thresholds = device.toHost(with.thresholds());
    for (int latent = 0; latent < thresholds.length; latent++) {
      double square = 0;
      for (int i = 0; i < 10; i++) {
        square += Math.pow(decoder[latent * 10 + i] * scale, 2);
      }
      assertEquals(0.20214843 * scale / Math.sqrt(square), thresholds[latent], 1e-5);
    }
  }

  @Test
  void aFolderWithoutAnAutoencoderIsNamed() throws IOException {
    String message = Refusal.of(FormatException.class, () -> SaeFormats.detect(folder));
    assertTrue(message.startsWith(folder + ": holds no autoencoder; expected one of"), message);
    Path missing = folder.resolve("missing");
    assertEquals(
        missing + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> SaeFormats.detect(missing)));
  }

  static List<Arguments> writable() throws IOException {
    List<Arguments> cases = new ArrayList<>();
    for (Path golden : GoldenSaes.folders()) {
      for (SaeFormat format : SaeFormats.writable()) {
        cases.add(Arguments.of(golden, format));
      }
    }
    return cases;
  }

  /** From every format into every format that knows the kind: the library's outputs remain. */
  @ParameterizedTest
  @MethodSource("writable")
  void writtenFilesGiveTheSameCodesAndReconstructions(Path golden, SaeFormat format)
      throws IOException {
    LoadedSae loaded = SaeFormats.load(GoldenSaes.source(golden), device);
    Path target = folder.resolve(transcodes(loaded.sae()) ? "transcoder" : "written");
    SaeMetadata metadata = loaded.metadata().with("hook_name", "blocks.3.hook_resid_post");
    if (!knows(format, loaded.sae())) {
      String message =
          Refusal.of(
              IllegalArgumentException.class,
              () -> SaeFormats.save(loaded.sae(), target, format, metadata));
      String problem =
          "format %s: the autoencoder is %s"
              .formatted(format.label(), loaded.sae().config().architecture());
      assertTrue(message.startsWith(problem), message);
      assertFalse(Files.exists(target));
      return;
    }
    SaeFormats.save(loaded.sae(), target, format, metadata);
    assertEquals(format, SaeFormats.detect(target));
    try (SafetensorsFile expected = SafetensorsFile.open(GoldenSaes.expected(golden))) {
      requireAgreement(SaeFormats.load(target, device).sae(), expected);
    }
  }

  private static boolean transcodes(Sae sae) {
    return !sae.config().centresInput();
  }

  private boolean hasOneThreshold(ThresholdSae sae) {
    float[] thresholds = device.toHost(sae.thresholds());
    return IntStream.range(1, thresholds.length).allMatch(i -> thresholds[i] == thresholds[0]);
  }

  private boolean knows(SaeFormat format, Sae sae) {
    boolean transcodes = transcodes(sae);
    return switch (format) {
      case SPARSIFY -> sae instanceof TopKSae;
      case DICTIONARY_LEARNING ->
          !transcodes
              && !(sae instanceof NormalizedSae)
              && !(sae instanceof MatchingPursuitSae)
              && !(sae.config() instanceof GroupMaxConfig);
      case GEMMA_SCOPE -> sae instanceof ThresholdSae && sae.skip().isEmpty();
      case GEMMA_SCOPE_2 -> sae instanceof ThresholdSae;
      case LLAMA_SCOPE ->
          sae instanceof ThresholdSae thresholds && !transcodes && hasOneThreshold(thresholds);
      case OPENAI ->
          sae instanceof NormalizedSae normalized
              ? normalized.sae() instanceof TopKSae && normalized.norm() == RowNorm.LAYER_NORM
              : sae.config() instanceof StandardConfig;
      case CIRCUIT_TRACER -> transcodes && sae instanceof ThresholdSae && sae.dIn() == sae.dOut();
      default -> true;
    };
  }

  @Test
  void batchTopKAndMatryoshkaKeepTheirThresholdInDictionaryLearning() throws IOException {
    for (SaeConfig config : List.of(new BatchTopKConfig(7, 12, 3), MatryoshkaConfig.of(7, 12, 3))) {
      ThresholdSae sae = ThresholdSae.allocate(device, config);
      RandomSae.fill(device, sae.weights().wEnc(), RandomStream.of(4, "W_enc"), 0);
      RandomSae.fill(device, sae.weights().wDec(), RandomStream.of(4, "W_dec"), 0);
      RandomSae.fill(device, sae.weights().bDec(), RandomStream.of(4, "b_dec"), 0);
      device.kernels().fill(sae.thresholds(), 0.375f);
      Path target = folder.resolve(config.architecture());
      SaeFormats.save(
          sae, target, SaeFormat.DICTIONARY_LEARNING, SaeMetadata.of("gpt2", "blocks.1.hook_z"));
      LoadedSae loaded = SaeFormats.load(target, device);
      assertEquals(Optional.of("gpt2"), loaded.metadata().modelName());
      ThresholdSae read = (ThresholdSae) loaded.sae();
      assertArrayEquals(device.toHost(sae.thresholds()), device.toHost(read.thresholds()));
      assertArrayEquals(device.toHost(sae.weights().wEnc()), device.toHost(read.weights().wEnc()));
      assertArrayEquals(device.toHost(sae.weights().wDec()), device.toHost(read.weights().wDec()));
      assertArrayEquals(device.toHost(sae.weights().bEnc()), device.toHost(read.weights().bEnc()));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SAELENS", "SPARSIFY", "DICTIONARY_LEARNING"})
  void aHybridComesBackAsOne(SaeFormat format) throws IOException {
    HybridSaeConfig config = HybridSaeConfig.of(9, 20, 3);
    HybridSae sae =
        HybridSae.withWeightsOf(RandomSae.of(device, new TopKConfig(9, 20, 3), 5), config);
    Path target = folder.resolve("hybrid");
    SaeFormats.save(sae, target, format, SaeMetadata.of("m", "h"));
    Sae loaded = SaeFormats.load(target, device).sae();
    assertEquals(config, loaded.config());
    for (int i = 0; i < sae.parameters().size(); i++) {
      assertArrayEquals(
          device.toHost(sae.parameters().get(i).value()),
          device.toHost(loaded.parameters().get(i).value()));
    }
  }

  @Test
  void gemmaScopesReleaseSaysTheHookPointAndSettingsMayBeMissing() throws IOException {
    Path release = folder.resolve("models--google--gemma-scope-2b-pt-att/layer_7/width_16k");
    Files.createDirectories(release);
    Path npz = GoldenSaes.root().resolve("gemma-scope/layer_3/width_16k/average_l0_5/params.npz");
    Files.copy(npz, release.resolve("params.npz"));
    assertEquals(
        Optional.of("blocks.7.attn.hook_z"),
        SaeFormats.load(release, device).metadata().hookName());
    Path copy = copied("gemma-scope-2/resid_post/layer_3_width_16k_l0_small");
    Files.delete(copy.resolve("config.json"));
    assertEquals(Optional.empty(), SaeFormats.load(copy, device).metadata().modelName());
  }

  /** What Gemma Scope's files are, their path says. */
  @Test
  void gemmaScopesFoldersMustHaveTheRightName() throws IOException {
    Sae transcoder =
        SaeFormats.load(GoldenSaes.root().resolve("circuit-tracer/layer_3.safetensors"), device)
            .sae();
    Sae jumpRelu = SaeFormats.load(GoldenSaes.root().resolve("saelens-jumprelu"), device).sae();
    assertRefused(transcoder, "out", "the path of a transcoder must have \"transcoder\" in it");
    assertRefused(jumpRelu, "transcoder", "must have \"transcoder\" in it, no other");
    assertRefused(jumpRelu, "embedding/out", "below \"embedding\" other kinds lie");
  }

  private void assertRefused(Sae sae, String name, String problem) {
    Path target = folder.resolve(name);
    String message =
        Refusal.of(
            IllegalArgumentException.class,
            () -> SaeFormats.save(sae, target, SaeFormat.GEMMA_SCOPE_2, SaeMetadata.of("m", "h")));
    assertTrue(message.contains(problem), message);
    assertFalse(Files.exists(target));
  }

  @Test
  void theSameAutoencoderGivesTheSameBytes() throws IOException {
    Sae sae = SaeFormats.load(GoldenSaes.root().resolve("openai-topk/openai.pt"), device).sae();
    for (String name : List.of("a", "b")) {
      SaeFormats.save(sae, folder.resolve(name), SaeFormat.OPENAI, new SaeMetadata(Map.of()));
    }
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("a/autoencoder.pt")),
        Files.readAllBytes(folder.resolve("b/autoencoder.pt")));
  }

  @Test
  void formatsThatAreOnlyReadAreNamed() {
    Sae sae = RandomSae.of(device, new TopKConfig(3, 5, 2), 1);
    assertEquals(
        "format: is goodfire; it must be one of [saelens, sparsify, dictionary-learning, gemma-scope, gemma-scope-2, llama-scope, openai, circuit-tracer]",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                SaeFormats.save(
                    sae, folder.resolve("x"), SaeFormat.GOODFIRE, SaeMetadata.of("m", "h"))));
  }

  /** Every file of every autoencoder, damaged in turn: loaded or refused in one line. */
  @ParameterizedTest
  @MethodSource("golden")
  void damagedFilesAreReadOrRefusedInOneLine(Path golden) throws IOException {
    Path source = GoldenSaes.source(golden);
    Path copy = copied(GoldenSaes.root().relativize(golden).toString());
    Path damagedSource = copy.resolve(golden.relativize(source).toString());
    SplittableRandom random = new SplittableRandom(9);
    int refused = 0;
    try (Stream<Path> walk = Files.walk(copy)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        byte[] content = Files.readAllBytes(file);
        for (int round = 0; round < 60; round++) {
          Files.write(file, Damage.to(content, random));
          refused += isRefused(damagedSource) ? 1 : 0;
        }
        Files.write(file, content);
      }
    }
    assertTrue(refused > 10, refused + " refused");
  }

  private boolean isRefused(Path source) throws IOException {
    try {
      SaeFormats.load(source, device);
      return false;
    } catch (FormatException e) {
      Refusal.oneLine(e);
      return true;
    }
  }
}
