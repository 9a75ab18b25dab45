package mechinterp.activation;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/**
 * Runs windows of text through a model and hands on the activations that are kept, in order: of
 * several hook points side by side.
 */
final class WindowActivations {
  private final Transformer model;
  private final List<HookPoint> hooks;
  private final int[] widths;
  private final List<Site> sites;
  private final float[] row;
  private final float[][] rows;

  WindowActivations(Transformer model, List<HookPoint> hooks) {
    this.model = model;
    this.hooks = List.copyOf(hooks);
    this.widths = hooks.stream().mapToInt(model::width).toArray();
    this.sites =
        hooks.stream()
            .map(hook -> new Site(hook.toString(), model.width(hook), Normalization.NONE))
            .toList();
    this.row = new float[Site.width(sites)];
    this.rows = new float[widths.length][0];
  }

  /** Returns the hook points, without scales. */
  List<Site> sites() {
    return sites;
  }

  /** Takes the activations of a token, in an array that is used again. */
  @FunctionalInterface
  interface Sink {
    void add(Window window, int keptToken, float[] row) throws IOException;
  }

  /**
   * Runs windows at once.
   *
   * @param most of how many tokens activations are handed on, at most
   * @throws ArithmeticException when an activation is not finite, naming document and token
   */
  void run(List<Window> windows, long most, Sink sink) throws IOException {
    TokenBatch tokens = TokenBatch.ofIds(windows.stream().map(Window::ids).toList());
    Activations captures = model.capture(tokens, Set.copyOf(hooks), Map.of());
    for (int site = 0; site < widths.length; site++) {
      download(captures.at(hooks.get(site)), site);
    }
    long left = most;
    for (int i = 0; i < windows.size(); i++) {
      handOn(windows.get(i), left, tokens.start(i), sink);
      left -= windows.get(i).kept();
    }
  }

  private void download(FloatMatrix activations, int site) {
    int numbers = Math.toIntExact(activations.size());
    if (rows[site].length < numbers) {
      rows[site] = new float[numbers];
    }
    model.device().download(rows[site], 0, activations);
  }

  private void handOn(Window window, long most, int firstRow, Sink sink) throws IOException {
    for (int i = 0; i < Math.min(window.kept(), most); i++) {
      gather(window, i, firstRow + window.firstKept() + i);
      sink.add(window, i, row);
    }
  }

  /** Puts the activations of a token side by side. */
  private void gather(Window window, int keptToken, int token) {
    int at = 0;
    for (int site = 0; site < widths.length; site++) {
      System.arraycopy(rows[site], token * widths[site], row, at, widths[site]);
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
