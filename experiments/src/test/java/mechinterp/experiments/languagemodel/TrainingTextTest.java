package mechinterp.experiments.languagemodel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import mechinterp.io.hub.MavenArtifacts;
import org.junit.jupiter.api.Test;

class TrainingTextTest {
  private static final MavenArtifacts NO_MAVEN =
      new MavenArtifacts(Path.of("none"), List.of("none"));

  @Test
  void noTextIsInTwoPartsAndTheSharesAreAboutThoseAskedFor() throws IOException {
    TrainingText text = TrainingText.read(settings(0.1, 0.05, 0.1), NO_MAVEN);
    int all = 0;
    Set<String> training = Set.copyOf(text.texts(Domain.WORDNET, TrainingText.Part.TRAINING));
    for (TrainingText.Part part : TrainingText.Part.values()) {
      List<String> texts = text.texts(Domain.WORDNET, part);
      all += texts.size();
      if (part != TrainingText.Part.TRAINING) {
        Set<String> shared = new HashSet<>(texts);
        shared.retainAll(training);
        assertTrue(shared.size() < texts.size() / 50, part + " shares " + shared);
      }
    }
    assertEquals(0.1 * 117_791, all, 400);
    assertEquals(0.1 * all, text.texts(Domain.WORDNET, TrainingText.Part.TEST).size(), 120);
    assertEquals(0.05 * all, text.texts(Domain.WORDNET, TrainingText.Part.VALIDATION).size(), 90);
  }

  @Test
  void theOrderIsMixedAndRepeats() throws IOException {
    TrainingText text = TrainingText.read(settings(0.01, 0.05, 0.1), NO_MAVEN);
    List<String> order = text.shuffled(TrainingText.Part.TEST);
    TrainingText again = TrainingText.read(settings(0.01, 0.05, 0.1), NO_MAVEN);
    assertEquals(order, again.shuffled(TrainingText.Part.TEST));
    List<String> english = text.texts(Domain.EUROPARL_ENGLISH, TrainingText.Part.TEST);
    assertTrue(order.containsAll(english));
    assertFalse(order.subList(0, english.size()).equals(english));
    assertEquals(List.of(), text.texts(Domain.JAVA, TrainingText.Part.TEST));
  }

  @Test
  void impossibleSharesAreRefusedByTheirField() {
    assertThrows(IllegalArgumentException.class, () -> settings(1.5, 0.1, 0.1));
    assertThrows(IllegalArgumentException.class, () -> settings(1, 0, 0.1));
    assertThrows(IllegalArgumentException.class, () -> settings(1, 0.4, 0.2));
  }

  private static LanguageModelConfig.Text settings(double wordnet, double validation, double test) {
    return new LanguageModelConfig.Text(0, wordnet, List.of(), 0, validation, test, 3);
  }
}
