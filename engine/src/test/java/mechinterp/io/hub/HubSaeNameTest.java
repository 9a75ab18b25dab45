package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import mechinterp.device.CpuDevice;
import mechinterp.io.Refusal;
import mechinterp.sae.file.CrossLayerTranscoderFiles;
import mechinterp.sae.file.HubSaeName;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFormats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubSaeNameTest extends HubFixture {
  private static final String INNER = "layer_3/width_16k/average_l0_5";

  private static byte[] golden(String file) throws IOException {
    try (InputStream in = Objects.requireNonNull(HubSaeNameTest.class.getResourceAsStream(file))) {
      return in.readAllBytes();
    }
  }

  @Test
  void theFilesOfOneAutoencoderAreFetchedAndNoOthers() throws IOException {
    server
        .repository("google/gemma-scope")
        .file(INNER + "/params.npz", golden("/golden/saes/gemma-scope/" + INNER + "/params.npz"))
        .file("layer_3/width_16k/average_l0_6/params.npz", "another")
        .file("README.md", "text");
    HubSettings settings = settings("", false, Duration.ofSeconds(10));
    try (HubClient client = new HubClient(settings, HubListener.none())) {
      Path place = HubSaeName.parse("hub:google/gemma-scope/" + INNER).fetch(client);
      LoadedSae loaded = SaeFormats.load(place, CpuDevice.scalar());
      assertEquals(24, loaded.sae().dSae());
      assertEquals(3, loaded.metadata().fields().get("layer"));
      assertTrue(server.requests("GET", "average_l0_6").isEmpty());
      assertTrue(server.requests("GET", "README").isEmpty());
      HubSaeName elsewhere = HubSaeName.parse("hub:google/gemma-scope/layer_4");
      assertTrue(
          Refusal.of(IOException.class, () -> elsewhere.fetch(client)).contains("gemma-scope"));
    }
  }

  @Test
  void aCrossLayerTranscoderIsFetchedWholeOrOneLayerOfIt() throws IOException {
    String source = "circuit-tracer-relu/";
    HubServer.Repository repository = server.repository("owner/clt");
    for (int layer = 0; layer < 3; layer++) {
      for (String matrix : List.of("W_enc_", "W_dec_")) {
        String file = matrix + layer + ".safetensors";
        var _ = repository.file(file, golden("/golden/clts/" + source + file));
      }
    }
    var _ = repository.file("config.yaml", golden("/golden/clts/" + source + "config.yaml"));
    HubSettings settings = settings("", false, Duration.ofSeconds(10));
    try (HubClient client = new HubClient(settings, HubListener.none())) {
      Path one = HubSaeName.parse("hub:owner/clt/W_enc_1.safetensors").fetch(client);
      LoadedSae layer = SaeFormats.load(one, CpuDevice.scalar());
      assertEquals(12, layer.sae().dOut());
      assertEquals("blocks.1.hook_resid_mid", layer.metadata().hookName().orElseThrow());
      assertTrue(server.requests("GET", "W_dec_0").isEmpty());
      Path all = HubSaeName.parse("hub:owner/clt").fetch(client);
      assertEquals(
          3,
          CrossLayerTranscoderFiles.load(all, CpuDevice.scalar()).transcoder().config().layers());
    }
  }

  @Test
  void aRevisionStandsBehindTheRepository() {
    HubSaeName name = HubSaeName.parse("hub:owner/name@v1.0/a/b.pt");
    assertEquals("v1.0", name.repository().revision());
    assertEquals("owner/name", name.repository().repository());
    assertEquals("a/b.pt", name.path());
    assertEquals("", HubSaeName.parse("hub:owner/name").path());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hub:name",
        "owner/name",
        "hub:o/n/../x",
        "hub:o/n/a//b",
        "hub:o/n/a*",
        "hub:o/n/.."
      })
  void otherNamesAreRefused(String text) {
    Refusal.of(IllegalArgumentException.class, () -> HubSaeName.parse(text));
  }
}
