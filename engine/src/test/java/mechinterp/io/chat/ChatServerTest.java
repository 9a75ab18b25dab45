package mechinterp.io.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mechinterp.io.chat.ChatMessage.Role;
import mechinterp.io.http.EnvironmentProxies;
import mechinterp.io.http.Retries;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChatServerTest {
  private static final ChatQuestion QUESTION =
      new ChatQuestion(List.of(new ChatMessage(Role.USER, "what?\n\"ü\"")), 0, 7);
  private static final EnvironmentProxies NO_PROXIES = EnvironmentProxies.of(Map.of());
  private static final Duration PATIENT = Duration.ofSeconds(30);

  private final List<Duration> pauses = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private JudgeServer server;

  @BeforeEach
  void start() throws IOException {
    server = new JudgeServer(messages -> "heard " + messages.get(0).get("content").asString());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private ChatServer client(Optional<ApiKey> key, Duration timeout) {
    ChatServerConfig config =
        new ChatServerConfig(
            ChatServerConfig.address(server.address()), "judge", key, timeout, NO_PROXIES);
    return new ChatServer(config, notes::add, pauses::add);
  }

  private String ask() throws IOException {
    try (ChatServer client = client(Optional.empty(), PATIENT)) {
      return client.answer(QUESTION);
    }
  }

  private String refusal() {
    String message = String.valueOf(assertThrows(IOException.class, this::ask).getMessage());
    assertFalse(message.contains("\n"), message);
    assertTrue(message.startsWith(server.address() + "/v1/chat/completions: "), message);
    return message;
  }

  @Test
  void aQuestionGoesInOpenAisForm() throws IOException {
    assertEquals("heard what?\n\"ü\"", ask());
    JudgeServer.Request request = server.requests().getFirst();
    assertEquals("/v1/chat/completions", request.path());
    assertEquals(Optional.empty(), request.authorization());
    assertEquals("judge", request.body().get("model").asString());
    assertEquals("user", request.body().get("messages").get(0).get("role").asString());
    assertEquals(0, request.body().get("temperature").asDouble());
    assertEquals(7, request.body().get("max_tokens").asInt());
    assertEquals(List.of(), pauses);
  }

  private ChatServer behind(String address, Map<String, String> environment) {
    return new ChatServer(
        new ChatServerConfig(
            ChatServerConfig.address(address),
            "judge",
            Optional.empty(),
            PATIENT,
            EnvironmentProxies.of(environment)),
        notes::add,
        pauses::add);
  }

  @Test
  void aServerElsewhereIsAskedThroughTheProxyOfTheEnvironment() throws IOException {
    String proxy = server.address().replace("http://", "http://user:word@");
    try (ChatServer client = behind("http://judge.invalid/v1", Map.of("HTTP_PROXY", proxy))) {
      assertEquals("heard what?\n\"ü\"", client.answer(QUESTION));
    }
  }

  @Test
  void noProxyLeadsToThisMachine() throws IOException {
    try (ChatServer client = behind(server.address(), Map.of("HTTP_PROXY", "http://p.invalid"))) {
      assertEquals("heard what?\n\"ü\"", client.answer(QUESTION));
    }
  }

  @Test
  void aServerIsThereWhateverItAnswers() throws IOException {
    try (ChatServer client = client(Optional.empty(), PATIENT)) {
      client.requireThere();
      server.close();
      IOException gone = assertThrows(IOException.class, client::requireThere);
      assertEquals(
          server.address() + "/v1/chat/completions: no connection; is the server running?",
          gone.getMessage());
    }
  }

  @Test
  void theKeyIsSentAndNeverTold() throws IOException {
    Optional<ApiKey> key = ApiKey.of(Map.of("JUDGE", " top-secret "), "JUDGE");
    server.fault(JudgeServer.answer(401, "{\"error\": {\"message\": \"bad key top-secret\"}}"));
    try (ChatServer client = client(key, PATIENT)) {
      IOException refused = assertThrows(IOException.class, () -> client.answer(QUESTION));
      assertTrue(
          String.valueOf(refused.getMessage()).endsWith("answers 401: bad key (key)"),
          refused.toString());
      var _ = client.answer(QUESTION);
    }
    assertEquals(Optional.of("Bearer top-secret"), server.requests().getLast().authorization());
    assertFalse(key.toString().contains("secret"));
    assertEquals(Optional.empty(), ApiKey.of(Map.of("JUDGE", " "), "JUDGE"));
    assertThrows(IllegalArgumentException.class, () -> ApiKey.of(Map.of("JUDGE", "a\nb"), "JUDGE"));
  }

  @Test
  void whatMaySucceedLaterIsAskedAgain() throws IOException {
    server.fault(JudgeServer.answer(503, "loading"));
    server.fault(JudgeServer.answer(429, "", "Retry-After", "17"));
    server.fault(JudgeServer.answer(500, "{\"error\": \"out of luck\"}"));
    assertEquals("heard what?\n\"ü\"", ask());
    assertEquals(
        List.of(Duration.ofSeconds(1), Duration.ofSeconds(17), Duration.ofSeconds(4)), pauses);
    assertTrue(notes.getLast().endsWith("answers 500: out of luck; asking again in 4 s"));
  }

  @Test
  void askingEndsAfterSixTries() {
    for (int i = 0; i < 6; i++) {
      server.fault(JudgeServer.answer(502, "<html>\nbad   gateway"));
    }
    assertTrue(refusal().endsWith("answers 502: <html> bad gateway"));
    assertEquals(6, server.requests().size());
    assertEquals(5, pauses.size());
  }

  @Test
  void aServerThatWantsOneToWaitForHoursIsLeft() {
    server.fault(JudgeServer.answer(429, "{}", "Retry-After", "7200"));
    assertTrue(refusal().endsWith("answers 429: {}"));
    assertEquals(List.of(), pauses);
  }

  @Test
  void whatCannotSucceedIsNotAskedAgain() {
    server.fault(JudgeServer.answer(400, "{\"error\": {\"message\": \"no such\\nmodel\"}}"));
    assertTrue(refusal().endsWith("answers 400: no such model"));
    server.fault(JudgeServer.answer(302, "", "Location", "http://localhost:1/"));
    assertTrue(refusal().endsWith("answers 302"));
    assertEquals(List.of(), pauses);
  }

  @Test
  void anAnswerOfAnotherFormIsRefused() {
    server.fault(JudgeServer.answer(200, "I am a page"));
    assertTrue(refusal().contains("line 1, column"));
    server.fault(JudgeServer.answer(200, "{\"choices\": []}"));
    assertTrue(refusal().endsWith("\"{\"choices\": []}\"; expected choices[0].message.content"));
    server.fault(JudgeServer.answer(200, "{\"choices\": [{\"message\": {\"content\": null}}]}"));
    assertTrue(refusal().contains("expected choices[0].message.content"));
  }

  @Test
  void anEndlessAnswerIsCutOff() {
    for (int i = 0; i < 6; i++) {
      server.fault(JudgeServer.answer(200, "[" + " ".repeat(5 << 20) + "]"));
    }
    assertTrue(refusal().length() < 400);
  }

  @Test
  void aSlowAnswerIsWaitedForOnlySoLong() throws IOException {
    CountDownLatch end = new CountDownLatch(1);
    for (int i = 0; i < 6; i++) {
      boolean begins = i % 2 == 0;
      server.fault(exchange -> {
        if (begins) {
          exchange.sendResponseHeaders(200, 100);
          exchange.getResponseBody().write('{');
          exchange.getResponseBody().flush();
        }
        await(end);
      });
    }
    try (ChatServer client = client(Optional.empty(), Duration.ofMillis(50))) {
      IOException late = assertThrows(IOException.class, () -> client.answer(QUESTION));
      assertTrue(
          String.valueOf(late.getMessage()).endsWith(": no answer in 1 s"), late.getMessage());
    } finally {
      end.countDown();
    }
    assertEquals(Retries.MOST_TRIES - 1, pauses.size());
  }

  private static void await(CountDownLatch end) throws IOException {
    try {
      var _ = end.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void aServerThatIsNotThereIsNotWaitedFor() throws IOException {
    server.close();
    assertTrue(refusal().endsWith(": no connection; is the server running?"));
    assertEquals(List.of(), pauses);
  }

  @Test
  void addressesAreCompletedAndOthersRefused() {
    assertEquals("http://h:1/v1/chat/completions", address("http://h:1"));
    assertEquals("http://h:1/v1/chat/completions", address("http://h:1/"));
    assertEquals("https://h/api/v3/chat/completions", address("https://h/api/v3/"));
    assertEquals("https://h/chat/completions", address("https://h/chat/completions"));
    for (String bad :
        List.of("localhost:8080", "ftp://h", "http://", "http://a b", "http://h?k=s")) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> address(bad));
      assertTrue(
          String.valueOf(refused.getMessage()).contains("http://localhost:8080/v1"),
          refused.getMessage());
    }
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> address("http://me:pass@h/?key=s3"))
                .getMessage());
    assertFalse(message.contains("pass") || message.contains("s3"), message);
  }

  private static String address(String server) {
    return ChatServerConfig.address(server).toString();
  }

  @Test
  void aKeyIsNotSentUnencryptedToAnotherMachine() {
    Optional<ApiKey> key = ApiKey.of(Map.of("JUDGE", "secret"), "JUDGE");
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                        new ChatServerConfig(
                            ChatServerConfig.address("http://192.0.2.1:80"),
                            "judge",
                            key,
                            PATIENT,
                            NO_PROXIES))
                .getMessage());
    assertTrue(message.contains("a key goes only to https or to this machine"), message);
    assertFalse(message.contains("secret"), message);
  }
}
