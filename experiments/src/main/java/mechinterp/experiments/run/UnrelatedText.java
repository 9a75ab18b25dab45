package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.experiments.text.SplitText;
import mechinterp.experiments.text.TextSettings;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;

/** Text on which an intervention should change nothing. */
public final class UnrelatedText {
  private static final int LONGEST = 256;
  private static final double HELD_OUT = 0.1;

  private UnrelatedText() {}

  /**
   * Returns the first tokens of each document, at most 256, of as many documents as there are
   * tokens wanted; a batch each.
   *
   * @param file whose lines are documents; without one, text that comes with the program
   * @param tokens about how many
   * @throws IOException when the text cannot be read
   */
  public static List<TokenBatch> read(Optional<Path> file, Transformer model, int tokens)
      throws IOException {
    List<TokenBatch> batches = new ArrayList<>();
    int left = tokens;
    try (Corpus.Reader reader = corpus(file).open()) {
      Optional<Document> document = reader.next();
      while (document.isPresent() && left > 1) {
        int most = Math.min(Math.min(LONGEST, left), model.config().nCtx());
        int[] ids = model.tokenizer().encodeFromBos(document.get().text(), most);
        if (ids.length > 1) {
          batches.add(TokenBatch.ofIds(List.of(ids)));
          left -= ids.length;
        }
        document = reader.next();
      }
    }
    return batches;
  }

  private static Corpus corpus(Optional<Path> file) throws IOException {
    return file.isPresent()
        ? Corpus.text(file.get())
        : SplitText.read(new TextSettings(true, 0, HELD_OUT, 0)).heldOut();
  }
}
