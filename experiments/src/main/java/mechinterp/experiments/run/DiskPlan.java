package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What a training writes, known before it starts.
 *
 * @param out the folder
 * @param weightBytes of the files that are left in the end, about
 * @param checkpointBytes of a checkpoint, about; 0 where none is written
 * @param checkpointsKept how many of them stay
 */
public record DiskPlan(Path out, long weightBytes, long checkpointBytes, int checkpointsKept) {
  private static final double MEBIBYTE = 1 << 20;

  /** Returns the most bytes that are there at once: one more than is kept while it is written. */
  public long most() {
    return weightBytes + (checkpointBytes == 0 ? 0 : (checkpointsKept + 1) * checkpointBytes);
  }

  /**
   * Checks that the plan fits on the disk of the folder.
   *
   * @throws IOException when it does not
   */
  public void requireFits() throws IOException {
    requireFits(Files.getFileStore(existing()).getUsableSpace());
  }

  /**
   * Checks that the plan fits.
   *
   * @param available bytes that are left
   * @throws IOException when it does not
   */
  void requireFits(long available) throws IOException {
    if (most() > available) {
      throw new IOException(
          "%s: %s, %s at once; the disk has %s left"
              .formatted(out, describe(), mebibytes(most()), mebibytes(available)));
    }
  }

  /** Returns the folder, or the nearest one above it that is there. */
  private Path existing() throws IOException {
    for (Path at = out.toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at)) {
        return at;
      }
    }
    throw new IOException(out + ": is on no disk");
  }

  /** Returns what is written, for people. */
  public String describe() {
    String weights = "writes " + mebibytes(weightBytes);
    return checkpointBytes == 0
        ? weights
        : "%s, and checkpoints of %s, of which %d stay meanwhile"
            .formatted(weights, mebibytes(checkpointBytes), checkpointsKept);
  }

  static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / MEBIBYTE);
  }
}
