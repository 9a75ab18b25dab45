package mechinterp.experiments.console;

import java.util.Optional;
import mechinterp.io.hub.HubListener;

/**
 * Shows downloads: one stage of progress for each file of a megabyte or more, and what is noted.
 */
public final class DownloadProgress implements HubListener, AutoCloseable {
  private static final long MEGABYTE = 1_000_000;

  private final Progress.Display display;
  private String file = "";
  private Optional<Progress> stage = Optional.empty();

  /** Shows on a display. */
  public DownloadProgress(Progress.Display display) {
    this.display = display;
  }

  @Override
  public void progress(String of, long done, long total) {
    if (!of.equals(file)) {
      close();
      file = of;
      stage = begin(total);
    }
    stage.ifPresent(shown -> shown.update(done / MEGABYTE));
  }

  private Optional<Progress> begin(long total) {
    if (total >= 0 && total < MEGABYTE) {
      return Optional.empty();
    }
    return Optional.of(
        total < 0
            ? display.startOpenEnded(file, "MB")
            : display.start(file, total / MEGABYTE, "MB"));
  }

  @Override
  public void note(String message) {
    close();
    file = "";
    display.note(message);
  }

  /** Ends the stage of the last file. */
  @Override
  public void close() {
    stage.ifPresent(Progress::close);
    stage = Optional.empty();
  }
}
