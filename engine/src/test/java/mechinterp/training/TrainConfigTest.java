package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.TopKConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainConfigTest {
  private static <T> T read(String json, Class<T> type) throws IOException {
    return Json.read(
        "train.json", new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), type);
  }

  @Test
  void jsonHasTheFieldsSpelling() {
    assertEquals(
        """
        {
          "tokens": 10000000,
          "batch_size": 4096,
          "warm_up_fraction": 0.05,
          "decay_fraction": 0.2,
          "decay": "linear",
          "adam": {
            "beta1": 0.9,
            "beta2": 0.999,
            "epsilon": 6.25E-10
          },
          "seed": 0,
          "b_dec_init": "geometric_median",
          "b_dec_sample": 32768,
          "decoder_norm": "unit",
          "loss_normalizer": "batch_variance",
          "aux_k": {
            "alpha": 0.03125,
            "dead_after_tokens": 10000000,
            "normalizer": "same_as_loss",
            "scale": "dead_share",
            "decoder_bias": "excluded"
          }
        }\
        """,
        Json.pretty(TrainConfig.defaults()));
  }

  @Test
  void jsonGivesTheSettingsBack() throws IOException {
    TrainConfig config =
        TrainConfig.defaults().toBuilder()
            .learningRate(3e-4)
            .seed(-5)
            .auxK(TrainConfig.defaults().auxK().withKAux(17))
            .build();
    assertEquals(config, read(Json.pretty(config), TrainConfig.class));
  }

  @Test
  void theKindOfAnAutoencoderIsItsArchitecture() throws IOException {
    SaeConfig config = new TopKConfig(384, 8192, 32);
    String json = Json.compact(config);
    assertEquals("{\"architecture\":\"topk\",\"d_in\":384,\"d_sae\":8192,\"k\":32}", json);
    assertEquals(config, read(json, SaeConfig.class));
    FormatException e =
        assertThrows(
            FormatException.class, () -> read(json.replace("32}", "9000}"), SaeConfig.class));
    assertEquals("train.json: k: is 9000, d_sae is 8192; k must be at most d_sae", e.getMessage());
  }

  @Test
  void theRateFallsWithTheRootOfTheLatents() {
    TrainConfig config = TrainConfig.defaults();
    assertEquals(2e-4, config.peakLearningRate(1 << 14), 1e-18);
    assertEquals(1e-4, config.peakLearningRate(1 << 16), 1e-18);
    assertEquals(0.1, config.toBuilder().learningRate(0.1).build().peakLearningRate(1 << 16));
  }

  @Test
  void tokensAreRoundedUpToWholeBatches() {
    TrainConfig config = TrainConfig.defaults().toBuilder().batchSize(100).tokens(301).build();
    assertEquals(4, config.steps());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"batch_size\": 4096 | \"batch_size\": 0 | batch_size: is 0; it must be at least 1",
        "\"batch_size\": 4096 | \"batch_size\": 1 | batch_size: is 1; loss_normalizer"
            + " batch_variance needs at least 2",
        "\"tokens\": 10000000 | \"tokens\": -1 | tokens: is -1; it must be at least 1",
        "\"seed\": 0 | \"seed\": 0, \"learning_rate\": 0 | learning_rate: is 0.0; it must be"
            + " positive and finite",
        "\"decay_fraction\": 0.2 | \"decay_fraction\": 0.96 | warm_up_fraction: is 0.05,"
            + " decay_fraction is 0.96; together they must be at most 1",
        "\"alpha\": 0.03125 | \"alpha\": -1 | field aux_k: alpha: is -1.0; it must be at least 0",
        "\"alpha\": 0.03125 | \"alpha\": 1, \"k_aux\": 0 | field aux_k: k_aux: is 0; it must be at"
            + " least 1",
        "\"seed\": 0, | '' | field seed: is missing",
        "\"seed\": 0 | \"seed\": 0, \"max_gradient_norm\": 0 | max_gradient_norm: is 0.0; it must"
            + " be positive and finite",
        "\"seed\": 0 | \"seed\": 0, \"ema_decay\": 1 | ema_decay: is 1.0; it must be more than 0"
            + " and less than 1",
      })
  void aWrongSettingIsRefusedByItsField(String from, String to, String message) {
    String json = Json.pretty(TrainConfig.defaults()).replace(from, to);
    FormatException e = assertThrows(FormatException.class, () -> read(json, TrainConfig.class));
    assertEquals("train.json: " + message, e.getMessage());
  }

  @Test
  void aDecayOfARateThatDoesNotFallIsRefused() {
    TrainConfigBuilder constant =
        TrainConfig.defaults().toBuilder().decayFraction(0).decay(LearningRateDecay.COSINE);
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, constant::build);
    assertEquals(
        "decay: is cosine, decay_fraction is 0; it has an effect on a rate that falls alone, leave"
            + " it at linear",
        e.getMessage());
    assertEquals(0, constant.decay(LearningRateDecay.LINEAR).build().decayFraction());
  }

  @Test
  void aSampleThatIsNotTakenIsRefused() {
    TrainConfigBuilder zero =
        TrainConfig.defaults().toBuilder().bDecInit(DecoderBiasInit.ZERO).bDecSample(500);
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, zero::build);
    assertEquals(
        "b_dec_sample: is 500, b_dec_init is zero, which takes no sample; leave it at 32768",
        e.getMessage());
    assertEquals(32_768, zero.bDecSample(32_768).build().bDecSample());
  }
}
