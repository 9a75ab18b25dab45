package mechinterp.activation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/** One run of a text through a model, batch by batch, until there are as many tokens as wanted. */
final class Harvest {
  private final Transformer model;
  private final HookPoint hook;
  private final HarvestConfig config;
  private final int wanted;
  private final HarvestListener listener;
  private final ShardBuilder shards;
  private final MeanNorm norm;
  private final float[] row;
  private float[] rows = new float[0];
  private int done;

  Harvest(
      Transformer model,
      HookPoint hook,
      HarvestConfig config,
      int wanted,
      HarvestListener listener,
      ShardBuilder.Output output) {
    int dIn = model.width(hook);
    this.model = model;
    this.hook = hook;
    this.config = config;
    this.wanted = wanted;
    this.listener = listener;
    shards = new ShardBuilder(dIn, wanted, output);
    norm = new MeanNorm(dIn);
    row = new float[dIn];
  }

  /** Runs the text, hands its activations to the output, and returns the scale to store. */
  Normalization run(Corpus corpus) throws IOException {
    try (WindowReader windows = new WindowReader(corpus.open(), model.tokenizer(), config)) {
      List<Window> batch = nextBatch(windows);
      while (!batch.isEmpty()) {
        run(batch);
        listener.harvested(done, wanted);
        batch = nextBatch(windows);
      }
      requireTokens(corpus, windows.documentsRead());
    }
    shards.finish();
    if (done < wanted) {
      listener.textEnded(done, wanted);
    }
    return Normalization.of(config.normalization(), norm);
  }

  private void requireTokens(Corpus corpus, int documents) throws FormatException {
    if (done == 0) {
      throw new FormatException(
          "corpus " + corpus.name(),
          documents == 0
              ? "has no text; at least one document is needed"
              : "has %d documents and no token in them; at least one is needed"
                  .formatted(documents));
    }
  }

  /** Takes whole windows up to the size of a batch, and none beyond the tokens wanted. */
  private List<Window> nextBatch(WindowReader windows) throws IOException {
    List<Window> batch = new ArrayList<>();
    long tokens = 0;
    long kept = done;
    Optional<Window> next = kept < wanted ? windows.peek() : Optional.empty();
    while (next.isPresent()
        && (batch.isEmpty() || tokens + next.get().ids().length <= config.tokensPerBatch())) {
      batch.add(next.get());
      windows.take();
      tokens += next.get().ids().length;
      kept += next.get().kept();
      next = kept < wanted ? windows.peek() : Optional.empty();
    }
    return batch;
  }

  private void run(List<Window> batch) throws IOException {
    TokenBatch tokens = TokenBatch.ofIds(batch.stream().map(Window::ids).toList());
    FloatMatrix activations = model.capture(tokens, Set.of(hook), Map.of()).at(hook);
    int numbers = Math.toIntExact(activations.size());
    if (rows.length < numbers) {
      rows = new float[numbers];
    }
    model.device().download(rows, 0, activations);
    for (int i = 0; i < batch.size(); i++) {
      keep(batch.get(i), tokens.start(i));
    }
  }

  private void keep(Window window, int firstRow) throws IOException {
    int count = Math.min(window.kept(), wanted - done);
    for (int i = 0; i < count; i++) {
      int token = window.firstKept() + i;
      System.arraycopy(rows, (firstRow + token) * row.length, row, 0, row.length);
      requireFinite(window, i);
      norm.add(row, 1);
      shards.add(row, 0, window.ids()[token], window.document(), window.position(i));
    }
    done += count;
  }

  private void requireFinite(Window window, int keptToken) {
    int wrong = FiniteNumbers.firstOther(row, 0, row.length);
    if (wrong >= 0) {
      int id = window.ids()[window.firstKept() + keptToken];
      throw new ArithmeticException(
          "harvest: %s of document \"%s\", token %d (%s) is %s at dimension %d; it must be a finite number"
              .formatted(
                  hook,
                  window.documentId(),
                  window.position(keptToken),
                  model.tokenizer().token(id),
                  row[wrong],
                  wrong));
    }
  }
}
