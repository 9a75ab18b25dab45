package mechinterp.activation;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * Batches of a store's tokens in a new random order each round, across all documents. The order of
 * round e is the permutation of the random stream {@code shuffle/e}, so any position can be reached
 * again, by {@link #seek}, without going through those before it. It holds 4 bytes for each token
 * that is kept and one batch.
 */
final class ShuffledBatches implements ActivationBatches {
  private static final long NONE = -1;

  private final ActivationStore store;
  private final KeptTokens kept;
  private final Device device;
  private final long seed;
  private long position;
  private long round = NONE;
  private int[] order = new int[0];
  private float[] rows = new float[0];

  ShuffledBatches(ActivationStore store, KeptTokens kept, Device device, long seed) {
    this.store = store;
    this.kept = kept;
    this.device = device;
    this.seed = seed;
  }

  @Override
  public int dIn() {
    return store.dIn();
  }

  @Override
  public String identity() {
    return "%s%s shuffled by seed %d".formatted(store.checksum(), kept.named(), seed);
  }

  @Override
  public void next(FloatMatrix batch) {
    if (batch.cols() != store.dIn()) {
      throw new IllegalArgumentException(
          "batch: is %s, activations are %d wide; columns must equal d_in"
              .formatted(batch.shape(), store.dIn()));
    }
    int numbers = Math.toIntExact(batch.size());
    if (rows.length < numbers) {
      rows = new float[numbers];
    }
    gather(batch.rows());
    store.normalize(rows, batch.rows());
    device.upload(batch, rows, 0);
  }

  private void gather(int count) {
    for (int done = 0; done < count; ) {
      turnTo(position / kept.count());
      int at = (int) (position % kept.count());
      int part = Math.min(count - done, kept.count() - at);
      store.gather(order, at, part, rows, done * store.dIn());
      done += part;
      position += part;
    }
  }

  private void turnTo(long wanted) {
    if (round != wanted) {
      order = RandomStream.of(seed, "shuffle/" + wanted).permutation(kept.count());
      Arrays.setAll(order, i -> kept.token(order[i]));
      round = wanted;
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
}
