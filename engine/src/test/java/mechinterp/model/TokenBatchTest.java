package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import mechinterp.io.Refusal;
import mechinterp.tokenizer.Encoding;
import org.junit.jupiter.api.Test;

final class TokenBatchTest {
  @Test
  void sequencesLieOneAfterTheOther() {
    TokenBatch batch =
        TokenBatch.ofIds(List.of(new int[] {7, 8}, new int[] {9}, new int[] {1, 2, 3}));

    assertEquals(6, batch.tokens());
    assertEquals(3, batch.sequences());
    assertArrayEquals(new int[] {7, 8, 9, 1, 2, 3}, batch.ids());
    assertArrayEquals(new int[] {0, 2, 0, 2, 2, 3, 2, 3, 3, 6, 3, 6}, batch.spans());
    assertArrayEquals(new int[] {0, 1, 0, 0, 1, 2}, batch.positions());
    assertEquals(9, batch.id(2));
    assertEquals(2, batch.start(1));
    assertEquals(3, batch.end(1));
  }

  @Test
  void encodingsBecomeSequences() {
    Encoding one = new Encoding(new int[] {5, 6}, new int[2], new int[2]);

    assertArrayEquals(new int[] {5, 6, 5, 6}, TokenBatch.of(List.of(one, one)).ids());
  }

  @Test
  void isNotChangedThroughItsArrays() {
    int[] ids = {1, 2};
    TokenBatch batch = TokenBatch.ofIds(List.of(ids));
    ids[0] = 9;
    batch.ids()[1] = 9;
    batch.spans()[1] = 9;

    assertArrayEquals(new int[] {1, 2}, batch.ids());
    assertEquals(2, batch.end(0));
  }

  @Test
  void refusesNothing() {
    assertEquals(
        "token batch: no sequences; there must be at least one",
        Refusal.of(IllegalArgumentException.class, () -> TokenBatch.ofIds(List.of())));
    assertEquals(
        "token batch: sequence 1 has no tokens; each must have at least one",
        Refusal.of(
            IllegalArgumentException.class,
            () -> TokenBatch.ofIds(List.of(new int[1], new int[0]))));
  }

  @Test
  void paddingIsLeftOutOnEitherSide() {
    TokenBatch batch =
        TokenBatch.ofPadded(
            new int[][] {{0, 0, 7, 8}, {5, 0, 0, 0}, {1, 2, 3, 4}},
            new int[][] {{0, 0, 1, 1}, {1, 0, 0, 0}, {1, 1, 1, 1}});

    assertArrayEquals(new int[] {7, 8, 5, 1, 2, 3, 4}, batch.ids());
    assertArrayEquals(new int[] {0, 1, 0, 0, 1, 2, 3}, batch.positions());
    assertEquals(4, batch.longestSequence());
  }

  @Test
  void masksThatAreNoneAreRefused() {
    assertEquals(
        "token batch: attention mask of sequence 0 is 1 at 2; it must be 0, then 1, then 0",
        padded(new int[] {1, 2, 3}, new int[] {1, 0, 1}));
    assertEquals(
        "token batch: attention mask of sequence 0 is 2 at 1; it must be 0, then 1, then 0",
        padded(new int[] {1, 2}, new int[] {1, 2}));
    assertEquals(
        "token batch: sequence 0 has no tokens; each must have at least one",
        padded(new int[] {1, 2}, new int[] {0, 0}));
    assertEquals(
        "token batch: sequence 0 has 2 ids and an attention mask of 1; they must be equal",
        padded(new int[] {1, 2}, new int[] {1}));
  }

  private static String padded(int[] ids, int[] mask) {
    return Refusal.of(
        IllegalArgumentException.class,
        () -> TokenBatch.ofPadded(new int[][] {ids}, new int[][] {mask}));
  }
}
