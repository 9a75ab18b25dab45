package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.OptionalInt;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HookPointTest {
  @Test
  void printsAsInTransformerLens() {
    assertEquals("blocks.3.hook_resid_post", HookPoint.residPost(3).toString());
    assertEquals("blocks.0.hook_resid_pre", HookPoint.residPre(0).toString());
    assertEquals("blocks.11.hook_resid_mid", HookPoint.residMid(11).toString());
    assertEquals("blocks.1.hook_attn_out", HookPoint.attnOut(1).toString());
    assertEquals("blocks.1.hook_mlp_out", HookPoint.mlpOut(1).toString());
    assertEquals(
        "blocks.5.hook_normalized_resid_post", HookPoint.normalizedResidPost(5).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "blocks.3.hook_resid_post",
        "blocks.120.attn.hook_q",
        "hook_embed",
        "ln_final.hook_normalized"
      })
  void parsesWhatItPrints(String name) {
    assertEquals(name, HookPoint.parse(name).toString());
  }

  @Test
  void parsesLayerAndSite() {
    HookPoint point = HookPoint.parse("blocks.12.mlp.hook_pre");

    assertEquals(OptionalInt.of(12), point.layer());
    assertEquals("mlp.hook_pre", point.site());
    assertEquals(HookPoint.residPost(3), HookPoint.parse("blocks.3.hook_resid_post"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "blocks",
        "blocks.",
        "blocks.3",
        "blocks.3.",
        "blocks.03.hook_q",
        "blocks.-1.hook_q",
        "blocks.x.hook_q",
        "blocks.99999999999.hook_q",
        "Hook_embed",
        "hook embed",
        "hook_embed.",
        "a..b",
        "a\nb"
      })
  void refusesWhatIsNoName(String name) {
    Refusal.of(IllegalArgumentException.class, () -> HookPoint.parse(name));
  }

  @Test
  void refusesANegativeLayer() {
    assertThrows(IllegalArgumentException.class, () -> HookPoint.residPost(-1));
  }
}
