package mechinterp.analysis.explanation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AnswersTest {
  @Test
  void theLastExplanationCounts() {
    assertEquals(
        Optional.of("the \"er\" of tall<<er>>"),
        Answers.explanation(
            "I write [EXPLANATION]: x\nthen\n[EXPLANATION]:  the \"er\" of tall<<er>> \nbye"));
    assertEquals(Optional.of("names"), Answers.explanation("**[Explanation]:** names"));
    assertEquals(Optional.of("names"), Answers.explanation("[EXPLANATION]\nnames"));
    assertEquals(Optional.empty(), Answers.explanation("[EXPLANATION]:\n \n"));
    assertEquals(Optional.empty(), Answers.explanation("no idea"));
    assertEquals(503, Answers.explanation("[EXPLANATION]: " + "a".repeat(900)).orElse("").length());
  }

  @Test
  void theLastListOfTheRightLengthCounts() {
    assertEquals(
        Optional.of(List.of(true, false, true)),
        Answers.verdicts("maybe [0,0,0]? No: ```[1, 0,1]``` of [1]", 3));
    assertEquals(Optional.of(List.of(true, false)), Answers.verdicts("[True, false,]", 2));
    assertEquals(Optional.empty(), Answers.verdicts("[1, 0, 2]", 3));
    assertEquals(Optional.empty(), Answers.verdicts("1, 0, 1", 3));
    assertEquals(Optional.empty(), Answers.verdicts("", 3));
  }

  @Test
  void theLastChoiceCountsWhenThereIsSuchAnExcerpt() {
    assertEquals(OptionalInt.of(2), Answers.choice("[RESPONSE]: 0 or [RESPONSE]: Excerpt 2.", 5));
    assertEquals(OptionalInt.of(4), Answers.choice(" 4. ", 5));
    assertEquals(OptionalInt.empty(), Answers.choice("[RESPONSE]: 5", 5));
    assertEquals(OptionalInt.empty(), Answers.choice("the 3rd", 5));
  }
}
