package mechinterp.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MatrixTest {
  private final FloatMatrix matrix =
      new FloatMatrix(new HostFloats(new float[30]), new MatrixLayout(2, 4, 5, 7));

  @Test
  void aViewOfAViewIsWhereItShouldBe() {
    FloatMatrix view = matrix.rowRange(1, 3).columnRange(2, 4);
    assertEquals("[2, 2]", view.shape());
    assertEquals(2 + 7 + 2, view.layout().index(0, 0));
    assertEquals(2 + 14 + 3, view.layout().index(1, 1));
    assertFalse(view.layout().isContiguous());
    assertTrue(matrix.row(3).layout().isContiguous());
  }

  @Test
  void anEmptyViewAtTheEndIsAView() {
    assertEquals(0, matrix.rowRange(4, 4).size());
    assertEquals(0, matrix.columnRange(5, 5).size());
  }

  @Test
  void aMatrixWithoutGapsTakesAnotherShape() {
    FloatMatrix whole =
        new FloatMatrix(new HostFloats(new float[30]), MatrixLayout.contiguous(5, 6));
    FloatMatrix view = whole.rowRange(1, 3).reshaped(4, 3);
    assertEquals("[4, 3]", view.shape());
    assertEquals(6 + 7, view.layout().index(2, 1));
    assertEquals(
        "reshaped: [4, 5] with row stride 7 as [2, 10]; rows must have no gaps and the number of elements must stay",
        assertThrows(IllegalArgumentException.class, () -> matrix.reshaped(2, 10)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> whole.reshaped(4, 7));
  }

  @Test
  void viewsBeyondTheMatrixAreRefused() {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> matrix.rowRange(2, 5));
    assertEquals("rows 2 to 5 of [4, 5]; the range must lie within 0 to 4", refusal.getMessage());
    assertThrows(IllegalArgumentException.class, () -> matrix.columnRange(-1, 2));
  }

  @Test
  void aMatrixBeyondItsStorageIsRefused() {
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> new IntMatrix(new HostInts(new int[11]), MatrixLayout.contiguous(3, 4)));
    assertEquals(
        "matrix: [3, 4] at offset 0 with row stride 4 ends at 12; the storage has 11 numbers",
        refusal.getMessage());
  }

  @Test
  void codesWhosePartsDisagreeAreRefused() {
    IntMatrix indices = new IntMatrix(new HostInts(new int[6]), MatrixLayout.contiguous(2, 3));
    IntMatrix counts = new IntMatrix(new HostInts(new int[2]), MatrixLayout.contiguous(2, 1));
    assertThrows(IllegalArgumentException.class, () -> new SparseCodes(indices, matrix, counts, 9));
  }
}
