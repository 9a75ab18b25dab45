package mechinterp.experiments.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import mechinterp.io.Json;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class SaeSettingsTest {
  private static SaeSettings settings(String json) throws IOException {
    byte[] bytes = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return Json.read("settings", new ByteArrayInputStream(bytes), SaeSettings.class);
  }

  @ParameterizedTest
  @EnumSource(value = SaeSettings.Kind.class, mode = Mode.MATCH_NONE, names = ".*CODER")
  void everyKindOfOneHookPointHasDefaultsForAnyWidth(SaeSettings.Kind kind) {
    assertEquals(9, new SaeSettings(kind, 32, 4).config(9).dIn());
    assertEquals(32, new SaeSettings(kind, 32, 4).config(9).dSae());
  }

  @Test
  void optionsChangeSingleFieldsOfTheDefaults() throws IOException {
    StandardConfig fixed =
        (StandardConfig)
            settings(
                    "{'architecture': 'standard', 'd_sae': 32, 'k': 4, 'options': {'sparsity':"
                        + " {'coefficient': 5.0, 'target_l0': null}}}")
                .config(9);
    assertEquals(
        new StandardConfig(
            9, 32, Optional.of(new SparsityConfig(5, Optional.empty(), 0.3, Optional.of(4.0)))),
        fixed);
    MatryoshkaConfig nested =
        (MatryoshkaConfig)
            settings(
                    "{'architecture': 'matryoshka', 'd_sae': 32, 'k': 4, 'options': {'prefixes':"
                        + " [{'latents': 32, 'weight': 1.0}]}}")
                .config(9);
    assertEquals(List.of(new Prefix(32, 1)), nested.prefixes());
    GatedConfig gated =
        (GatedConfig)
            settings(
                    "{'architecture': 'gated', 'd_sae': 32, 'k': 4, 'options': {'training':"
                        + " {'auxiliary_decoder': 'trained'}}}")
                .config(9);
    GatedTraining defaults = GatedTraining.reaching(4);
    assertEquals(
        Optional.of(new GatedTraining(defaults.sparsity(), AuxiliaryDecoder.TRAINED)),
        gated.training());
  }

  @Test
  void anOptionThatTheKindDoesNotHaveIsRefused() throws IOException {
    SaeSettings wrong =
        settings(
            "{'architecture': 'standard', 'd_sae': 32, 'k': 4, 'options': {'sparsity': {'strength':"
                + " 5}}}");
    assertEquals(
        "sae.options: field sparsity.strength: is unknown; known are [coefficient, initial_l0,"
            + " target_l0, warm_up_fraction]",
        assertThrows(IllegalArgumentException.class, () -> wrong.config(9)).getMessage());
  }
}
