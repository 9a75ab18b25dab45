package mechinterp.activation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Batches of activations of whole sequences, straight from a model and in the order of the text,
 * for a loss of what the model makes of them: the sequences of the last batch stay known. Where a
 * batch begins within a window, the tokens before it are run too; where it ends within one, the
 * window is cut there.
 */
public final class SequenceBatches implements ActivationBatches, AutoCloseable {
  private final Transformer model;
  private final HookPoint hook;
  private final WindowStream windows;
  private final List<Site> sites;
  private final String identity;

  private final int longest;

  private Batch last = new Batch(List.of(), new int[0]);
  private FloatMatrix output;
  private Optional<IntMatrix> rowsOnDevice = Optional.empty();
  private long position;

  /** The sequences of a batch, and which of all their rows are its own. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and read only here
  private record Batch(List<int[]> ids, int[] rows) {
    int tokens() {
      return ids.stream().mapToInt(each -> each.length).sum();
    }
  }

  /** Runs the first sequences, for the scale. */
  SequenceBatches(
      Transformer model,
      HookPoint hook,
      HarvestConfig config,
      Corpus corpus,
      StreamConfig stream,
      String source)
      throws IOException {
    this.model = model;
    this.hook = hook;
    this.windows = new WindowStream(model.tokenizer(), config, corpus);
    this.longest = config.maxContext();
    this.output = model.device().floats(1, 1);
    Site site = new Site(hook.toString(), model.width(hook), Normalization.NONE);
    try (ActivationStream sample = new ActivationStream(model, List.of(hook), config, corpus)) {
      float[] activations = new float[Math.multiplyExact(stream.bufferTokens(), sample.dIn())];
      sample.read(0, stream.bufferTokens(), activations);
      MeanNorms norms = new MeanNorms(List.of(site));
      for (int row = 0; row < stream.bufferTokens(); row++) {
        norms.add(activations, row * sample.dIn());
      }
      this.sites = norms.normalized(stream.normalization());
    }
    this.identity = "%s in its own order, %s".formatted(source, sites);
  }

  /** Returns the model. */
  public Transformer model() {
    return model;
  }

  /** Returns where its activations are taken. */
  public HookPoint hook() {
    return hook;
  }

  /** Returns the hook point and what its activations are multiplied with. */
  public List<Site> sites() {
    return sites;
  }

  /** Returns what activations are multiplied with. */
  public double scale() {
    return sites.getFirst().normalization().scale();
  }

  /** Returns the sequences of the batch that was handed out last. */
  public TokenBatch tokens() {
    return TokenBatch.ofIds(last.ids());
  }

  /** Returns for each row of that batch its row among all tokens of the sequences. */
  public int[] rows() {
    return last.rows().clone();
  }

  /**
   * Returns how many tokens the sequences of a batch of so many rows have, about: those of the next
   * batch and the longest sequence more. No model runs.
   *
   * @throws UncheckedIOException when the text cannot be read
   */
  public int tokensOf(int rows) {
    try {
      return Math.addExact(read(position, rows).tokens(), longest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the final hidden states of all tokens of those sequences [tokens, d_model]. */
  public FloatMatrix output() {
    return output;
  }

  @Override
  public int dIn() {
    return model.width(hook);
  }

  /**
   * {@inheritDoc}
   *
   * @throws UncheckedIOException when the text cannot be read
   */
  @Override
  public void next(FloatMatrix batch) {
    try {
      last = read(position, batch.rows());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Device device = model.device();
    Activations run = model.run(tokens(), Set.of(hook), Map.of());
    output = run.output();
    IntMatrix wanted = rowsOnDevice(batch.rows());
    device.upload(wanted, last.rows(), 0);
    device.kernels().gatherRows(batch, run.at(hook), wanted);
    device.kernels().scale(batch, batch, (float) scale());
    position += batch.rows();
  }

  private IntMatrix rowsOnDevice(int count) {
    IntMatrix held =
        rowsOnDevice
            .filter(rows -> rows.cols() >= count)
            .orElseGet(() -> model.device().ints(1, count));
    rowsOnDevice = Optional.of(held);
    return held.columnRange(0, count);
  }

  private Batch read(long first, int count) throws IOException {
    windows.goTo(first);
    List<int[]> ids = new ArrayList<>();
    int[] rows = new int[count];
    long end = first + count;
    int tokens = 0;
    while (windows.next() < end) {
      long at = windows.next();
      for (Window window : windows.take(end - at)) {
        int kept = (int) Math.min(window.kept(), end - at);
        for (int i = (int) Math.max(0, first - at); i < kept; i++) {
          rows[(int) (at + i - first)] = tokens + window.firstKept() + i;
        }
        ids.add(kept < window.kept() ? cut(window, kept) : window.ids());
        tokens += ids.getLast().length;
        at += kept;
        if (kept < window.kept()) {
          // The next batch begins within this window.
          windows.giveBack(window);
          return new Batch(ids, rows);
        }
      }
    }
    return new Batch(ids, rows);
  }

  private static int[] cut(Window window, int kept) {
    return Arrays.copyOf(window.ids(), window.firstKept() + kept);
  }

  @Override
  public String identity() {
    return identity;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public void seek(long tokens) {
    if (tokens < 0) {
      throw new IllegalArgumentException("seek: position is " + tokens + "; it must be at least 0");
    }
    position = tokens;
  }

  /** Ends reading the text. */
  @Override
  public void close() throws IOException {
    windows.close();
  }
}
