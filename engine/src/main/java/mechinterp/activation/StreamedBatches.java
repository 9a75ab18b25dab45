package mechinterp.activation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * Batches of activations that come straight from a model, through a buffer of C tokens and no
 * store: the text's tokens number b C to (b + 1) C - 1 are run and handed out in the order of the
 * permutation {@code buffer/b} of the seed, then the next C. So a batch mixes all documents of its
 * buffer evenly, buffers follow the order of the text, and any position can be reached again by
 * running one buffer. Memory is that buffer, whatever the length of the text.
 *
 * <p>Activations that are too long are left out; as many others of the buffer come twice.
 */
public final class StreamedBatches implements ActivationBatches, AutoCloseable {
  private static final long NONE = -1;

  private final ActivationStream stream;
  private final Device device;
  private final StreamConfig config;
  private final String identity;
  private final List<Site> sites;
  private final Optional<OutlierLimit> limit;
  private final float[] buffer;
  private final int[] order;
  private float[] rows = new float[0];
  private long position;
  private long loaded = NONE;
  private long dropped;

  /** Runs the first buffer, for the scale and the limit. */
  StreamedBatches(ActivationStream stream, Device device, StreamConfig config, String source)
      throws IOException {
    this.stream = stream;
    this.device = device;
    this.config = config;
    this.buffer = new float[Math.multiplyExact(config.bufferTokens(), stream.dIn())];
    this.order = new int[config.bufferTokens()];
    stream.read(0, config.bufferTokens(), buffer);
    this.limit =
        config
            .maxActivationNorm()
            .map(multiple ->
                OutlierLimit.of(multiple, buffer, config.bufferTokens(), stream.sites()));
    this.sites = meanNorms(kept()).normalized(config.normalization());
    shuffle(0);
    this.identity =
        "%s in buffers of %d tokens shuffled by seed %d, %s%s"
            .formatted(
                source,
                config.bufferTokens(),
                config.seed(),
                sites,
                limit.map(each -> ", " + each).orElse(""));
  }

  /** Returns what streaming holds in the Java heap, for a model of which a batch is so large. */
  static MemoryPlan plan(Transformer model, int dIn, int bufferTokens, int tokensAtOnce) {
    return MemoryPlan.empty("stream of activations")
        .withMatrix("buffer", bufferTokens, dIn)
        .withMatrix("order of the buffer", 1, bufferTokens)
        .withMatrix("activations of a run of the model", tokensAtOnce, dIn)
        .with("model", model.memoryPlan(tokensAtOnce).total());
  }

  private MeanNorms meanNorms(int[] kept) {
    MeanNorms norms = new MeanNorms(stream.sites());
    for (int row : kept) {
      norms.add(buffer, row * stream.dIn());
    }
    return norms;
  }

  private int[] kept() {
    IntStream all = IntStream.range(0, config.bufferTokens());
    return limit
        .map(each -> all.filter(row -> each.keeps(buffer, row * stream.dIn(), stream.sites())))
        .orElse(all)
        .toArray();
  }

  /** Draws the order of the buffer's rows. */
  private void shuffle(long number) {
    int[] kept = kept();
    if (kept.length == 0) {
      throw new ArithmeticException(
          "stream: all activations from token %d on are longer than %s; max_activation_norm must be larger"
              .formatted(number * config.bufferTokens(), limit.orElseThrow().largestNorm()));
    }
    dropped += order.length - kept.length;
    int[] permutation = RandomStream.of(config.seed(), "buffer/" + number).permutation(kept.length);
    for (int i = 0; i < order.length; i++) {
      order[i] = kept[permutation[i % kept.length]];
    }
    loaded = number;
  }

  @Override
  public int dIn() {
    return stream.dIn();
  }

  /** Returns the hook points and what their activations are multiplied with. */
  public List<Site> sites() {
    return sites;
  }

  /** Returns the limit above which activations are left out, if there is one. */
  public Optional<OutlierLimit> outlierLimit() {
    return limit;
  }

  /** Returns how many activations of the buffers that were run so far were left out. */
  public long dropped() {
    return dropped;
  }

  @Override
  public String identity() {
    return identity;
  }

  /**
   * {@inheritDoc}
   *
   * @throws UncheckedIOException when the text cannot be read
   * @throws ArithmeticException when an activation is not finite, naming document and token
   */
  @Override
  public void next(FloatMatrix batch) {
    if (batch.cols() != dIn()) {
      throw new IllegalArgumentException(
          "batch: is %s, activations are %d wide; columns must equal d_in"
              .formatted(batch.shape(), dIn()));
    }
    int numbers = Math.toIntExact(batch.size());
    if (rows.length < numbers) {
      rows = new float[numbers];
    }
    for (int i = 0; i < batch.rows(); i++) {
      load(position / order.length);
      int row = order[(int) (position % order.length)];
      System.arraycopy(buffer, row * dIn(), rows, i * dIn(), dIn());
      position++;
    }
    Site.normalize(sites, rows, batch.rows());
    device.upload(batch, rows, 0);
  }

  private void load(long number) {
    if (number != loaded) {
      try {
        loaded = NONE;
        stream.read(number * order.length, order.length, buffer);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      shuffle(number);
    }
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
    stream.close();
  }
}
