package mechinterp.activation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/** One run of a text through a model, batch by batch, until there are as many tokens as wanted. */
final class Harvest {
  private final Transformer model;
  private final List<HookPoint> hooks;
  private final int[] widths;
  private final HarvestConfig config;
  private final int wanted;
  private final HarvestListener listener;
  private final ShardBuilder shards;
  private final MeanNorms norms;
  private final float[] row;
  private final float[][] rows;
  private int done;

  Harvest(
      Transformer model,
      List<HookPoint> hooks,
      HarvestConfig config,
      int wanted,
      HarvestListener listener,
      ShardBuilder.Output output) {
    this.model = model;
    this.hooks = hooks;
    this.widths = hooks.stream().mapToInt(model::width).toArray();
    int dIn = Arrays.stream(widths).sum();
    this.config = config;
    this.wanted = wanted;
    this.listener = listener;
    shards = new ShardBuilder(dIn, wanted, output);
    norms = new MeanNorms(widths);
    row = new float[dIn];
    rows = new float[widths.length][0];
  }

  /**
   * Runs the text, hands its activations to the output, and returns what is stored of the hooks.
   */
  List<Site> run(Corpus corpus) throws IOException {
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
    return norms.normalized(sites(), config.normalization());
  }

  private List<Site> sites() {
    return hooks.stream()
        .map(hook -> new Site(hook.toString(), model.width(hook), Normalization.NONE))
        .toList();
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
    Activations captures = model.capture(tokens, Set.copyOf(hooks), Map.of());
    for (int site = 0; site < widths.length; site++) {
      download(captures.at(hooks.get(site)), site);
    }
    for (int i = 0; i < batch.size(); i++) {
      keep(batch.get(i), tokens.start(i));
    }
  }

  private void download(FloatMatrix activations, int site) {
    int numbers = Math.toIntExact(activations.size());
    if (rows[site].length < numbers) {
      rows[site] = new float[numbers];
    }
    model.device().download(rows[site], 0, activations);
  }

  private void keep(Window window, int firstRow) throws IOException {
    int count = Math.min(window.kept(), wanted - done);
    for (int i = 0; i < count; i++) {
      int token = window.firstKept() + i;
      gather(firstRow + token);
      requireFinite(window, i);
      norms.add(row, 1);
      shards.add(row, 0, window.ids()[token], window.document(), window.position(i));
    }
    done += count;
  }

  /** Puts the activations of a token side by side. */
  private void gather(int token) {
    int at = 0;
    for (int site = 0; site < widths.length; site++) {
      System.arraycopy(rows[site], token * widths[site], row, at, widths[site]);
      at += widths[site];
    }
  }

  private void requireFinite(Window window, int keptToken) {
    int at = 0;
    for (int site = 0; site < widths.length; site++) {
      requireFinite(window, keptToken, hooks.get(site), at, widths[site]);
      at += widths[site];
    }
  }

  private void requireFinite(Window window, int keptToken, HookPoint hook, int from, int width) {
    int wrong = FiniteNumbers.firstOther(row, from, width);
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
                  wrong - from));
    }
  }
}
