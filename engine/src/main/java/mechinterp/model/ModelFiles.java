package mechinterp.model;

import java.io.IOException;
import mechinterp.tokenizer.Tokenizer;

/** The files of one model, wherever they are. */
interface ModelFiles {
  /** Returns the model's name. */
  String name();

  /** Returns how many bytes of the files are in the heap while the model is open. */
  long heapBytes() throws IOException;

  /**
   * Opens the files and checks what can be checked before numbers are read.
   *
   * @throws mechinterp.io.FormatException when they hold something else
   */
  OpenModel open() throws IOException;

  /**
   * Reads the tokenizer; a model without one gets a {@link NoTokenizer}.
   *
   * @throws mechinterp.io.FormatException when it is damaged or of a kind that is not supported
   */
  Tokenizer tokenizer() throws IOException;
}
