package mechinterp.experiments.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TextTableTest {

  @Test
  void columnsAreAsWideAsTheirWidestCell() {
    TextTable table = new TextTable("metric", "held out").row("FVU", "0.21").row("long name", "1");
    assertEquals(
        """
        metric     held out
        FVU            0.21
        long name         1
        """,
        table.toString());
  }

  @Test
  void inMarkdownALineUnderTheTitlesMakesItATable() {
    assertEquals(
        """
        | metric | held out |
        |---|---|
        | FVU | 0.21 |
        """,
        new TextTable("metric", "held out").row("FVU", "0.21").toMarkdown());
  }

  @Test
  void aRowOfAnotherLengthIsRefused() {
    TextTable table = new TextTable("a", "b");
    assertThrows(IllegalArgumentException.class, () -> table.row("1"));
  }
}
