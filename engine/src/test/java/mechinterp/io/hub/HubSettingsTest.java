package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.Refusal;
import mechinterp.io.http.EnvironmentProxies;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
  @TempDir Path home;

  private HubSettings of(Map<String, String> environment) throws IOException {
    return HubSettings.of(environment, home);
  }

  private Path cacheOf(Map<String, String> environment) throws IOException {
    return of(environment).cache();
  }

  private String refusal(String name, String value) {
    return Refusal.of(IllegalArgumentException.class, () -> of(Map.of(name, value)));
  }

  @Test
  void anEmptyEnvironmentMeansTheHubAndTheUsualCache() throws IOException {
    HubSettings settings = of(Map.of("HF_HOME", "", "HF_ENDPOINT", " "));
    assertEquals(URI.create("https://huggingface.co"), settings.endpoint());
    assertEquals(home.resolve(".cache/huggingface/hub"), settings.cache());
    assertEquals(Optional.empty(), settings.token());
    assertFalse(settings.offline());
    assertTrue(settings.symlinks());
    assertEquals(Duration.ofSeconds(10), settings.stallTimeout());
    assertTrue(settings.withoutHub().offline());
  }

  @Test
  void theCacheIsWherePythonHasIt() throws IOException {
    assertEquals(Path.of("/a/hub"), cacheOf(Map.of("HF_HOME", "/a", "XDG_CACHE_HOME", "/x")));
    assertEquals(Path.of("/x/huggingface/hub"), cacheOf(Map.of("XDG_CACHE_HOME", "/x")));
    assertEquals(Path.of("/b"), cacheOf(Map.of("HF_HUB_CACHE", "/b", "HF_HOME", "/a")));
    assertEquals(Path.of("/c"), cacheOf(Map.of("HUGGINGFACE_HUB_CACHE", "/c")));
    assertEquals(home.resolve("m"), cacheOf(Map.of("HF_HUB_CACHE", "~/m")));
    assertEquals(
        Path.of("/data/m/$NONE"),
        cacheOf(Map.of("HF_HUB_CACHE", "$DISK/${WHAT}/$NONE", "DISK", "/data", "WHAT", "m")));
  }

  @Test
  void theTokenComesFromTheEnvironmentOrItsFile() throws IOException {
    Path file = home.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, " hf_file\n");
    assertEquals(Optional.of("hf_file"), of(Map.of()).token());
    assertEquals(Optional.of("hf_env"), of(Map.of("HF_TOKEN", "hf_env\r\n")).token());
    assertEquals(Optional.of("hf_old"), of(Map.of("HUGGING_FACE_HUB_TOKEN", "hf_old")).token());
    assertEquals(
        Optional.empty(), of(Map.of("HF_TOKEN_PATH", home.resolve("none").toString())).token());
    HubSettings settings = of(Map.of("HF_TOKEN", "hf_secret"));
    assertFalse(settings.toString().contains("hf_secret"));
  }

  @ParameterizedTest
  @CsvSource({"1, true", "on, true", "Yes, true", "TRUE, true", "0, false", "maybe, false"})
  void switchesAreReadAsPythonReadsThem(String value, boolean expected) throws IOException {
    assertEquals(expected, of(Map.of("HF_HUB_OFFLINE", value)).offline());
    assertEquals(expected, of(Map.of("TRANSFORMERS_OFFLINE", value)).offline());
    assertEquals(!expected, of(Map.of("HF_HUB_DISABLE_SYMLINKS", value)).symlinks());
  }

  @Test
  void valuesThatCannotBeAreRefusedByTheirName() throws IOException {
    assertEquals(
        URI.create("http://mirror:8080/hf"),
        of(Map.of("HF_ENDPOINT", "http://mirror:8080/hf//")).endpoint());
    assertEquals(
        "HF_ENDPOINT: is \"mirror\"; it must be an address such as https://huggingface.co",
        refusal("HF_ENDPOINT", "mirror"));
    assertTrue(refusal("HF_ENDPOINT", "ftp://x").startsWith("HF_ENDPOINT: "));
    assertTrue(refusal("HF_ENDPOINT", "http://[").startsWith("HF_ENDPOINT: "));
    assertEquals(
        Duration.ofSeconds(30), of(Map.of("HF_HUB_DOWNLOAD_TIMEOUT", "30")).stallTimeout());
    assertEquals(
        "HF_HUB_ETAG_TIMEOUT: is \"soon\"; it must be whole seconds",
        refusal("HF_HUB_ETAG_TIMEOUT", "soon"));
    String proxy = refusal("HTTPS_PROXY", "socks5://me:secret@x:1");
    assertEquals(
        "HTTPS_PROXY: is not the address of an HTTP proxy; it must be http://HOST:PORT", proxy);
  }

  private static String proxyOf(Map<String, String> environment, String address) {
    Proxy proxy = EnvironmentProxies.of(environment).select(URI.create(address)).getFirst();
    return proxy.address() instanceof InetSocketAddress socket
        ? socket.getHostString() + ":" + socket.getPort()
        : "none";
  }

  @Test
  void proxiesAreThoseOfTheScheme() {
    Map<String, String> environment =
        Map.of(
            "http_proxy",
            "plain:1",
            "HTTPS_PROXY",
            "http://me:x@safe:2",
            "ALL_PROXY",
            "http://all");
    assertEquals("plain:1", proxyOf(environment, "http://hub/x"));
    assertEquals("safe:2", proxyOf(environment, "https://hub/x"));
    assertEquals("all:80", proxyOf(Map.of("ALL_PROXY", "http://all"), "https://hub/x"));
    assertEquals("none", proxyOf(Map.of(), "https://hub/x"));
  }

  @ParameterizedTest
  @CsvSource({
    "https://huggingface.co/x, p:1",
    "https://intern.example/x, none",
    "https://a.intern.example/x, none",
    "https://notintern.example/x, p:1",
    "https://b.dotted.example/x, none",
    "https://c.starred.example/x, none",
    "https://ported:8080/x, none",
    "https://ported/x, p:1"
  })
  void exceptionsNeedNoProxy(String address, String expected) {
    String exceptions = "intern.example, .dotted.example *.starred.example,ported:8080";
    assertEquals(expected, proxyOf(Map.of("HTTPS_PROXY", "p:1", "NO_PROXY", exceptions), address));
    assertEquals("none", proxyOf(Map.of("HTTPS_PROXY", "p:1", "no_proxy", "*"), address));
  }

  @Test
  void namesAreThoseOfTheHub() {
    assertEquals(new HubName("gpt2", "main"), HubName.parse("gpt2"));
    assertEquals(new HubName("a/b-c.d_e", "refs/pr/1"), HubName.parse("a/b-c.d_e@refs/pr/1"));
    assertEquals("a/b@v1", HubName.parse("a/b@v1").toString());
    assertTrue(HubName.parse("a@" + "0".repeat(40)).isCommit());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "a/b/c", "a--b", "../x", "a/..", "/a", "a/", "a.git", "-a", "a b", "é", "a@", "a@../x",
        "a@/x", "a@x/", "a@x//y", "a@x@y", "a@.x", "a@x\ny"
      })
  void namesThatTheHubWouldNotTakeAreRefused(String text) {
    Refusal.of(IllegalArgumentException.class, () -> HubName.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "*.json, config.json, true",
    "*.json, onnx/config.json, true",
    "config.json, onnx/config.json, false",
    "config.json, config_json, false",
    "model-?-of-[12].x, model-1-of-2.x, true",
    "model-?-of-[12].x, model-1-of-3.x, false",
    "[!a]*, abc, false",
    "[!a]*, bcd, true",
    "onnx/, onnx/a/b, true",
    "a[b, a[b, true",
    "[]x]y, ]y, true",
    "[\\^]y, ^y, true"
  })
  void patternsAreThoseOfFnmatch(String pattern, String path, boolean expected) {
    assertEquals(expected, new FilePatterns(List.of("none", pattern)).test(path));
  }
}
