package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import mechinterp.device.InsufficientMemoryException;
import mechinterp.device.MemoryPlan;
import mechinterp.io.AtomicFolder;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;

/**
 * Runs text through a model and keeps the activations at one hook point, in the order of the text;
 * or at several, those of a token side by side, in one pass. Sequences of a batch stand one after
 * the other without padding, so grouping texts of similar length would gain nothing.
 */
public final class Harvester {
  private static final double MEBIBYTE = 1 << 20;
  private static final int ORIGIN_BYTES = 3 * Integer.BYTES;

  private final Transformer model;
  private final List<HookPoint> hooks;
  private final HarvestConfig config;
  private final HarvestListener listener;
  private final int dIn;

  private Harvester(
      Transformer model, List<HookPoint> hooks, HarvestConfig config, HarvestListener listener) {
    this.model = model;
    this.hooks = List.copyOf(hooks);
    this.config = config;
    this.listener = listener;
    dIn = hooks.stream().mapToInt(model::width).sum();
    if (hooks.isEmpty() || Set.copyOf(hooks).size() < hooks.size()) {
      throw new IllegalArgumentException(
          "hooks: are %s; there must be one, and none twice".formatted(hooks));
    }
    if (config.maxContext() > model.config().nCtx()) {
      throw new IllegalArgumentException(
          "max_context: is %d; %s takes at most %d tokens"
              .formatted(config.maxContext(), model.config().name(), model.config().nCtx()));
    }
  }

  /**
   * Returns a harvester with the model's longest context and without special tokens.
   *
   * @throws IllegalArgumentException when the model has no such hook point, listing what it has
   */
  public static Harvester of(Transformer model, HookPoint hook) {
    return of(model, List.of(hook));
  }

  /**
   * Returns such a harvester of several hook points, whose activations stand side by side in the
   * order of the list.
   *
   * @throws IllegalArgumentException when the model has no such hook point, listing what it has, or
   *     one is there twice
   */
  public static Harvester of(Transformer model, List<HookPoint> hooks) {
    return new Harvester(
        model, hooks, HarvestConfig.ofContext(model.config().nCtx()), (done, wanted) -> {});
  }

  /**
   * Returns a harvester with other settings.
   *
   * @throws IllegalArgumentException when the context is longer than the model takes
   */
  public Harvester with(HarvestConfig other) {
    return new Harvester(model, hooks, other, listener);
  }

  /** Returns a harvester that tells {@code other} how far it is. */
  public Harvester with(HarvestListener other) {
    return new Harvester(model, hooks, config, other);
  }

  /** Returns the settings. */
  public HarvestConfig config() {
    return config;
  }

  /** Returns what activations of {@code corpus} will be said to be of. */
  public ActivationIdentity identity(Corpus corpus) {
    return new ActivationIdentity(
        model.identity(),
        hooks.stream().map(HookPoint::toString).collect(Collectors.joining(" + ")),
        model.tokenizer().identity(),
        corpus.identity() + ", " + config.describeTokens(model.tokenizer()));
  }

  /**
   * Harvests into memory. When the text has fewer tokens than wanted, the store has as many as
   * there are, and the listener is told.
   *
   * @param tokens how many to harvest at most
   * @throws mechinterp.io.FormatException when the corpus has no text or is not UTF-8
   * @throws IOException when the corpus cannot be read
   * @throws ArithmeticException when an activation is not finite, naming document and token
   * @throws InsufficientMemoryException before anything is computed, when {@code tokens}
   *     activations do not fit into the Java heap
   */
  public ActivationStore collect(Corpus corpus, int tokens) throws IOException {
    requireTokens(tokens);
    requireHeap(tokens);
    model.memoryPlan(largestBatch()).requireFits(model.device());
    List<MemoryShard> shards = new ArrayList<>();
    List<Site> sites = harvest(tokens, shards::add).run(corpus);
    return ActivationStore.ofShards(identity(corpus), sites, shards);
  }

  /**
   * Harvests into a new folder, holding no more than one shard in memory, and opens it. The folder
   * appears whole or not at all.
   *
   * @param tokens how many to harvest at most
   * @throws IOException as {@link #collect(Corpus, int)}, and when the disk is full or refuses, or
   *     the folder holds something
   * @throws ArithmeticException when an activation is not finite, naming document and token
   */
  public ActivationStore collect(Corpus corpus, int tokens, Path folder) throws IOException {
    requireTokens(tokens);
    model.memoryPlan(largestBatch()).requireFits(model.device());
    AtomicFolder.write(
        folder,
        inside -> {
          StoreFolder files = new StoreFolder(inside);
          List<Site> sites = harvest(tokens, files::add).run(corpus);
          files.finish(identity(corpus), sites);
        });
    return ActivationStore.open(folder);
  }

  /**
   * Streams activations into training without a store.
   *
   * @param stream how they are mixed
   * @throws mechinterp.io.FormatException when the corpus has no text or is not UTF-8
   * @throws IOException when the corpus cannot be read
   * @throws ArithmeticException when an activation is not finite, naming document and token
   * @throws InsufficientMemoryException before anything is computed, when {@link #streamPlan} does
   *     not fit
   */
  public StreamedBatches stream(Corpus corpus, StreamConfig stream) throws IOException {
    if ((long) stream.bufferTokens() * dIn > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "buffer_tokens: is %d for activations of width %d; there must be fewer than 2^31 numbers"
              .formatted(stream.bufferTokens(), dIn));
    }
    streamPlan(stream).requireFits(model.device());
    return new StreamedBatches(
        new ActivationStream(model, hooks, config, corpus),
        model.device(),
        stream,
        identity(corpus).toString());
  }

  /**
   * Streams activations of whole sequences, in the order of the text, for training on what the
   * model makes of them.
   *
   * @param stream of which the normalisation counts, whose scale is that of the first bufferTokens
   *     tokens
   * @throws IllegalArgumentException when there are several hook points, or activations shall be
   *     left out
   * @throws IOException when the corpus cannot be read
   * @throws ArithmeticException when an activation is not finite, naming document and token
   */
  public SequenceBatches sequences(Corpus corpus, StreamConfig stream) throws IOException {
    if (hooks.size() > 1) {
      throw new IllegalArgumentException(
          "hooks: are %s; what a model makes of reconstructions is of one".formatted(hooks));
    }
    if (stream.maxActivationNorm().isPresent()) {
      throw new IllegalArgumentException(
          "max_activation_norm: is there; of whole sequences no activation can be left out");
    }
    return new SequenceBatches(
        model, hooks.getFirst(), config, corpus, stream, identity(corpus).toString());
  }

  /** Returns what {@link #stream} holds in memory, in bytes by part. */
  public MemoryPlan streamPlan(StreamConfig stream) {
    return StreamedBatches.plan(model, dIn, stream.bufferTokens(), largestBatch());
  }

  private Harvest harvest(int tokens, ShardBuilder.Output output) {
    return new Harvest(model, hooks, config, tokens, listener, output);
  }

  private int largestBatch() {
    return Math.max(config.tokensPerBatch(), config.maxContext());
  }

  private static void requireTokens(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens: is " + tokens + "; it must be at least 1");
    }
  }

  private void requireHeap(int tokens) {
    long needed = tokens * ((long) Float.BYTES * dIn + ORIGIN_BYTES);
    if (needed > availableHeap()) {
      // Garbage counts as used until it is collected.
      System.gc();
    }
    long available = availableHeap();
    if (needed > available) {
      throw new InsufficientMemoryException(
          "harvest: %d activations of width %d need %s of memory, java has %s left; give it more (-Xmx), harvest into a folder or take fewer tokens"
              .formatted(tokens, dIn, mebibytes(needed), mebibytes(available)));
    }
  }

  private static long availableHeap() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / MEBIBYTE);
  }
}
