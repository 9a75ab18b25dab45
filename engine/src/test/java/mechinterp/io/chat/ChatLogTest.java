package mechinterp.io.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.chat.ChatMessage.Role;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatLogTest {
  @TempDir private Path folder;
  private Path file = Path.of("");
  private final List<String> asked = new ArrayList<>();

  @BeforeEach
  void name() {
    file = folder.resolve("log.jsonl");
  }

  /** Answers with the number of questions that came before. */
  private ChatModel model(String name) {
    return new ChatModel() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public String answer(ChatQuestion question) {
        asked.add(question.messages().getFirst().content());
        return "answer\n" + asked.size();
      }
    };
  }

  private static ChatQuestion question(String text, int maxTokens) {
    return new ChatQuestion(List.of(new ChatMessage(Role.USER, text)), 0, maxTokens);
  }

  @Test
  void nothingIsAskedTwiceAlsoAfterARestart() throws IOException {
    try (ChatLog log = ChatLog.open(file, model("judge"))) {
      assertEquals("answer\n1", log.answer(question("a", 5)));
      assertEquals("answer\n1", log.answer(question("a", 5)));
      assertEquals("answer\n2", log.answer(question("a", 6)));
    }
    try (ChatLog log = ChatLog.open(file, model("judge"))) {
      assertEquals(2, log.size());
      assertTrue(log.answers(question("a", 5)));
      assertFalse(log.answers(question("b", 5)));
      assertEquals("answer\n1", log.answer(question("a", 5)));
      assertEquals("answer\n3", log.answer(question("b", 5)));
    }
    try (ChatLog log = ChatLog.open(file, model("another"))) {
      assertEquals("answer\n4", log.answer(question("a", 5)));
    }
    assertEquals(List.of("a", "a", "b", "a"), asked);
    assertEquals(4, Files.readAllLines(file).size());
  }

  @Test
  void aLineThatWasInterruptedIsDropped() throws IOException {
    try (ChatLog log = ChatLog.open(file, model("judge"))) {
      var _ = log.answer(question("a", 5));
    }
    String whole = Files.readString(file);
    Files.writeString(file, whole.substring(0, 20), StandardOpenOption.APPEND);
    try (ChatLog log = ChatLog.open(file, model("judge"))) {
      assertEquals(1, log.size());
      assertEquals("answer\n2", log.answer(question("b", 5)));
    }
    assertEquals(2, Files.readAllLines(file).size());
    assertTrue(Files.readString(file).startsWith(whole));
  }

  @Test
  void anotherFileIsRefusedByItsLine() throws IOException {
    try (ChatLog log = ChatLog.open(file, model("judge"))) {
      var _ = log.answer(question("a", 5));
    }
    Files.writeString(
        file, "{\"model\": \"judge\", \"answer\": \"x\"}\n", StandardOpenOption.APPEND);
    FormatException refused =
        assertThrows(FormatException.class, () -> ChatLog.open(file, model("judge")));
    assertEquals(file + " line 2: field question: is missing", refused.getMessage());
  }

  @Test
  void twoRunsCannotUseItAtOnce() throws IOException {
    try (ChatLog _ = ChatLog.open(file, model("judge"))) {
      IOException refused =
          assertThrows(IOException.class, () -> ChatLog.open(file, model("judge")));
      assertEquals(file + ": another run is using it", refused.getMessage());
    }
  }
}
