package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubCacheTest {
  private static final HubName NAME = HubName.parse("gpt2");
  private static final String FIRST = "a".repeat(40);
  private static final String SECOND = "b".repeat(40);

  @TempDir Path folder;

  private static Path blob(HubCache cache, String content) throws IOException {
    Path blob = cache.blob(NAME, "hash");
    Files.createDirectories(blob.getParent());
    return Files.writeString(blob, content);
  }

  @Test
  void anEmptyCacheKnowsNothing() throws IOException {
    HubCache cache = new HubCache(folder.resolve("none"));
    assertEquals(Optional.empty(), cache.commit(NAME));
    assertEquals(Optional.empty(), cache.snapshot(NAME));
    assertEquals(new HubCache.Entry.Unknown(), cache.file(NAME, "config.json"));
    assertFalse(Files.exists(cache.root()));
  }

  @Test
  void aReferenceMovesWithTheHub() throws IOException {
    HubCache cache = new HubCache(folder);
    cache.writeReference(NAME, FIRST);
    assertEquals(Optional.of(FIRST), cache.commit(NAME));
    cache.writeReference(NAME, SECOND);
    assertEquals(SECOND, Files.readString(folder.resolve("models--gpt2/refs/main")));
    cache.writeReference(NAME.at(FIRST), FIRST);
    assertFalse(Files.exists(folder.resolve("models--gpt2/refs/" + FIRST)));
  }

  @Test
  void aReferenceThatIsNoCommitIsRefused() throws IOException {
    HubCache cache = new HubCache(folder);
    Path reference = folder.resolve("models--gpt2/refs/main");
    Files.createDirectories(reference.getParent());
    Files.writeString(reference, "../../etc");
    assertEquals(
        reference + ": is \"../../etc\"; it must be a commit of 40 hexadecimal digits",
        Refusal.of(FormatException.class, () -> cache.snapshot(NAME)));
  }

  @Test
  void contentIsLinkedIntoSnapshots() throws IOException {
    HubCache cache = new HubCache(folder);
    Path blob = blob(cache, "x");
    cache.link(NAME, FIRST, "config.json", blob, true);
    cache.link(NAME, SECOND, "config.json", blob, false);
    cache.link(NAME, SECOND, "config.json", blob, false);
    Path first = cache.pointer(NAME, FIRST, "config.json");
    assertEquals(Path.of("../../blobs/hash"), Files.readSymbolicLink(first));
    assertTrue(Files.isSameFile(first, cache.pointer(NAME, SECOND, "config.json")));
    assertEquals(new HubCache.Entry.Present(first), cache.file(NAME.at(FIRST), "config.json"));
  }

  @Test
  void aLinkToContentThatIsGoneIsMadeAnew() throws IOException {
    HubCache cache = new HubCache(folder);
    Path pointer = cache.pointer(NAME, FIRST, "config.json");
    Files.createDirectories(pointer.getParent());
    Files.createSymbolicLink(pointer, Path.of("../../blobs/gone"));
    cache.link(NAME, FIRST, "config.json", blob(cache, "x"), true);
    assertEquals("x", Files.readString(pointer));
  }

  @Test
  void withoutLinksTheContentStandsInTheSnapshot() throws IOException {
    HubCache cache = HubCache.withoutLinks(folder);
    Path blob = blob(cache, "x");
    cache.link(NAME, FIRST, "config.json", blob, false);
    assertTrue(Files.exists(blob));
    cache.link(NAME, SECOND, "a/config.json", blob, true);
    assertFalse(Files.exists(blob));
    for (Path pointer :
        new Path[] {
          cache.pointer(NAME, FIRST, "config.json"), cache.pointer(NAME, SECOND, "a/config.json")
        }) {
      assertFalse(Files.isSymbolicLink(pointer));
      assertEquals("x", Files.readString(pointer));
    }
  }

  @Test
  void namesNeverLeadOut() {
    HubCache cache = new HubCache(folder);
    for (String file : new String[] {"", "/a", "a/", "../a", "a/../../b", ".", "a\nb", "d:x"}) {
      String message =
          Refusal.of(IllegalArgumentException.class, () -> cache.pointer(NAME, FIRST, file));
      assertTrue(message.endsWith("it must be a path within the repository"), message);
    }
    assertThrows(HubException.class, () -> cache.blob(NAME, "../x"));
  }
}
