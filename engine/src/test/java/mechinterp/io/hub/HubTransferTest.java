package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import mechinterp.io.Refusal;
import mechinterp.io.http.Pause;
import mechinterp.io.hub.HubException.Problem;
import org.junit.jupiter.api.Test;

class HubTransferTest extends HubFixture {
  @Test
  void aTransferThatBreaksOffGoesOnWhereItWas() throws IOException {
    server.fault(WEIGHTS_HASH, HubServer.cutAfter(WEIGHTS, 100_000));
    server.fault(WEIGHTS_HASH, HubServer.cutAfter(WEIGHTS, 50_000));
    fetchModel();
    assertWeightsAreThere();
    List<Integer> begins = begins();
    assertEquals(3, begins.size());
    assertTrue(begins.get(1) > 0 && begins.get(1) < begins.get(2), begins::toString);
    assertEquals(
        "model.safetensors: broke off at byte " + begins.get(1),
        notes.getFirst().replaceFirst(" \\(.*", ""));
  }

  /** The bytes from which on the weights were asked for. */
  private List<Integer> begins() {
    return server.requests("GET", WEIGHTS_HASH).stream()
        .map(request -> request.range().replaceAll("\\D", ""))
        .map(begin -> begin.isEmpty() ? 0 : Integer.parseInt(begin))
        .toList();
  }

  @Test
  void theNextRunGoesOnWhereTheLastOneGaveUp() throws IOException {
    server.fault(WEIGHTS_HASH, HubServer.cutAfter(WEIGHTS, 70_000));
    for (int i = 0; i < 6; i++) {
      server.fault(WEIGHTS_HASH, HubServer.status(503));
    }
    String message = refusal(Problem.UNREACHABLE);
    assertTrue(message.contains(WEIGHTS_HASH + " answers 503"), message);
    assertFalse(message.contains("secret"), message);
    assertFalse(Files.exists(repository().resolve("refs/main")));
    assertEquals(List.of("config.json"), files("snapshots/" + HubServer.COMMIT));
    fetchModel();
    assertWeightsAreThere();
    assertTrue(begins().getLast() > 0, () -> begins().toString());
  }

  @Test
  void aTransferThatNeverGetsOnIsGivenUp() throws IOException {
    for (int i = 0; i < 6; i++) {
      server.fault(WEIGHTS_HASH, HubServer.status(416));
    }
    assertEquals(
        "model.safetensors: broke off at byte 0 and did not go on: the server cannot go on there",
        refusal(Problem.UNREACHABLE));
    assertEquals(5, pauses.size());
  }

  private Path leftover() {
    return repository().resolve("blobs").resolve(WEIGHTS_HASH + ".mechinterp.incomplete");
  }

  private void leave(byte[] content) throws IOException {
    Files.createDirectories(leftover().getParent());
    Files.write(leftover(), content);
  }

  @Test
  void aServerThatKnowsNoRangesSendsAllAgain() throws IOException {
    leave(new byte[1000]);
    server.fault(
        WEIGHTS_HASH,
        exchange -> {
          exchange.sendResponseHeaders(200, WEIGHTS.length);
          exchange.getResponseBody().write(WEIGHTS);
        });
    fetchModel();
    assertWeightsAreThere();
  }

  @Test
  void leftoversThatAreNotOfTheFileAreThrownAway() throws IOException {
    leave(new byte[WEIGHTS.length + 1]);
    fetchModel();
    assertWeightsAreThere();
    assertEquals("", server.requests("GET", WEIGHTS_HASH).getLast().range());
  }

  @Test
  void aDamagedLeftoverIsFetchedAnew() throws IOException {
    for (int length : new int[] {5000, WEIGHTS.length}) {
      Files.deleteIfExists(repository().resolve("blobs").resolve(WEIGHTS_HASH));
      leave(new byte[length]);
      fetchModel();
      assertWeightsAreThere();
      assertTrue(notes.getLast().contains("an earlier try is damaged"), notes::toString);
    }
  }

  @Test
  void aRangeThatTheServerCannotServeStartsAnew() throws IOException {
    leave(new byte[1000]);
    server.fault(WEIGHTS_HASH, HubServer.status(416));
    fetchModel();
    assertWeightsAreThere();
  }

  @Test
  void aRangeOtherThanTheOneAskedForIsRefused() throws IOException {
    leave(new byte[1000]);
    server.fault(WEIGHTS_HASH, HubServer.status(206, "Content-Range", "bytes 0-9/10"));
    assertTrue(
        refusal(Problem.DAMAGED)
            .contains("asked from byte 1000 on, got Content-Range \"bytes 0-9/10\""));
  }

  @Test
  void contentWithAnotherHashIsNotKept() throws IOException {
    byte[] other = WEIGHTS.clone();
    other[12345] ^= 1;
    server.fault(WEIGHTS_HASH, exchange -> HubServer.send(exchange, other));
    String message = refusal(Problem.DAMAGED);
    assertEquals(
        "model.safetensors: its hash is %s, the hub says %s; nothing was kept"
            .formatted(HubServer.sha256(other), WEIGHTS_HASH),
        message);
    assertEquals(List.of("config.json"), files("snapshots/" + HubServer.COMMIT));
    assertEquals(1, files("blobs").size());
    fetchModel();
    assertWeightsAreThere();
  }

  @Test
  void smallFilesAreCheckedAsGitNamesThem() throws IOException {
    server.fault(
        "config.json", exchange -> head(exchange, "\"" + HubServer.gitSha1(new byte[3]) + "\""));
    assertTrue(refusal(Problem.DAMAGED).startsWith("config.json: its hash is "));
    assertEquals(List.of(), files("blobs"));
  }

  @Test
  void moreThanTheHubSaidIsNotTaken() throws IOException {
    server.fault(
        WEIGHTS_HASH,
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(WEIGHTS);
          exchange.getResponseBody().write(new byte[1 << 20]);
        });
    assertTrue(refusal(Problem.DAMAGED).contains("has more than the 300000 bytes"));
    fetchModel();
    assertWeightsAreThere();
  }

  @Test
  void aServerThatStallsIsLeftAndAskedAgain() throws IOException {
    server.fault(
        WEIGHTS_HASH,
        exchange -> {
          exchange.sendResponseHeaders(200, WEIGHTS.length);
          exchange.getResponseBody().write(WEIGHTS, 0, 1000);
          exchange.getResponseBody().flush();
          stall();
        });
    server.fault(WEIGHTS_HASH, _ -> stall());
    try (HubClient client = client(settings("", false, Duration.ofMillis(300)))) {
      client.model(NAME);
    }
    assertWeightsAreThere();
    assertTrue(notes.getFirst().contains("nothing came for 300 ms"), notes::toString);
  }

  private static void stall() {
    try {
      Thread.sleep(5_000);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** A disk with room for a number of bytes, whatever it says. */
  private record SmallDisk(long says, int has) implements HubDownload.Disk {
    @Override
    public OutputStream append(Path file, boolean anew) throws IOException {
      OutputStream out = new HubDownload.RealDisk().append(file, anew);
      return new OutputStream() {
        private int written;

        @Override
        public void write(int value) throws IOException {
          write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int count) throws IOException {
          if (written + count > has) {
            throw new IOException("No space left on device");
          }
          written += count;
          out.write(from, offset, count);
        }

        @Override
        public void close() throws IOException {
          out.close();
        }
      };
    }

    @Override
    public long room(Path folder) {
      return says;
    }
  }

  @Test
  void aDiskThatRunsFullLeavesNothingThatLooksWhole() throws IOException {
    disk = new SmallDisk(Long.MAX_VALUE, 100_000);
    String message = Refusal.of(IOException.class, this::fetchModel);
    assertTrue(
        message.endsWith(".incomplete: cannot be written: No space left on device"), message);
    assertEquals(List.of("config.json"), files("snapshots/" + HubServer.COMMIT));
    disk = new HubDownload.RealDisk();
    fetchModel();
    assertWeightsAreThere();
  }

  @Test
  void aDiskThatIsTooSmallIsToldBeforehand() throws IOException {
    disk = new SmallDisk(1000, 1000);
    String message = Refusal.of(IOException.class, this::fetchModel);
    assertTrue(
        message.endsWith("model.safetensors needs 300000 more bytes, the disk has room for 1000"),
        message);
    assertEquals(0, server.requests("GET", WEIGHTS_HASH).size());
  }

  @Test
  void severalThreadsFetchAFileOnce() throws IOException, InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<Path>> fetched = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        HubClient client =
            new HubClient(
                settings("", false, Duration.ofSeconds(10)),
                HubListener.none(),
                disk,
                time -> Pause.sleep(time.toMillis()));
        fetched.add(
            threads.submit(() -> {
              try (client) {
                return client.model(NAME);
              }
            }));
      }
      for (Future<Path> path : fetched) {
        assertArrayEquals(WEIGHTS, Files.readAllBytes(path.get().resolve("model.safetensors")));
      }
    }
    assertEquals(1, server.requests("GET", WEIGHTS_HASH).size());
  }

  @Test
  void progressTellsHowMuchIsHere() throws IOException {
    List<String> lines = new ArrayList<>();
    HubListener listener =
        new HubListener() {
          @Override
          public void progress(String file, long done, long total) {
            lines.add(file + " " + done + " of " + total);
          }
        };
    leave(Arrays.copyOf(WEIGHTS, 1000));
    try (HubClient client = new HubClient(settings("", false, Duration.ofSeconds(10)), listener)) {
      client.model(NAME);
    }
    assertTrue(lines.contains("model.safetensors 1000 of 300000"), lines::toString);
    assertEquals("model.safetensors 300000 of 300000", lines.getLast());
  }
}
