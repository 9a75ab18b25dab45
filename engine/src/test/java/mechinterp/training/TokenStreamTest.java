package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenStreamTest {
  private static final int END = 9;

  @Test
  void documentsAreDividedByEndsOfText() {
    TokenStream stream = TokenStream.of(List.of(new int[] {1, 2}, new int[] {3}), END, 2);
    assertEquals(5, stream.tokens());
    assertEquals(3, stream.windows());
    assertEquals(2, stream.fullWindows());
    assertArrayEquals(new int[] {9, 1}, stream.inputs(0));
    assertArrayEquals(new int[] {1, 2}, stream.targets(0));
    assertArrayEquals(new int[] {2, 9}, stream.inputs(1));
    assertArrayEquals(new int[] {9, 3}, stream.targets(1));
    assertArrayEquals(new int[] {3}, stream.inputs(2));
    assertArrayEquals(new int[] {9}, stream.targets(2));
  }

  @Test
  void everyRoundHasEachFullWindowOnceInANewOrder() {
    TokenStream stream = TokenStream.of(List.of(new int[52]), END, 5);
    int[] all = IntStream.range(0, 10).toArray();
    int[] first = stream.shuffled(7, 0, 10);
    int[] second = stream.shuffled(7, 10, 10);
    assertArrayEquals(all, sorted(first));
    assertArrayEquals(all, sorted(second));
    assertNotEquals(Arrays.toString(first), Arrays.toString(second));
  }

  @Test
  void anyPartOfTheOrderCanBeReachedDirectly() {
    TokenStream stream = TokenStream.of(List.of(new int[52]), END, 5);
    int[] whole = stream.shuffled(7, 0, 40);
    assertArrayEquals(Arrays.copyOfRange(whole, 8, 31), stream.shuffled(7, 8, 23));
  }

  @Test
  void identityTellsTextsAndContextsApart() {
    String identity = TokenStream.of(List.of(new int[] {1, 2}), END, 2).identity();
    assertEquals(identity, TokenStream.of(List.of(new int[] {1, 2}), END, 2).identity());
    assertNotEquals(identity, TokenStream.of(List.of(new int[] {2, 1}), END, 2).identity());
    assertNotEquals(identity, TokenStream.of(List.of(new int[] {1, 2}), END, 1).identity());
  }

  @Test
  void tooLittleTextIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> TokenStream.of(List.of(new int[] {1}), END, 3));
    assertTrue(refused.toString().contains("have 3 tokens"), refused.toString());
  }

  private static int[] sorted(int[] values) {
    int[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted;
  }
}
