package mechinterp.io.hub;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import mechinterp.io.JsonField;

/**
 * What a repository holds at a commit.
 *
 * @param commit 40 hexadecimal digits
 * @param files all files, in the hub's order
 */
record HubListing(String commit, List<File> files) {
  /**
   * A file of a repository.
   *
   * @param path where it lies, with slashes
   * @param bytes its size, if the hub has said it
   */
  record File(String path, OptionalLong bytes) {}

  HubListing {
    files = List.copyOf(files);
  }

  /** Reads the answer to {@code GET /api/models/NAME/revision/REVISION?blobs=true}. */
  static HubListing read(String source, byte[] json) throws IOException {
    JsonField answer = JsonField.read(source, new ByteArrayInputStream(json));
    String commit = answer.at("sha").text();
    answer.at("sha").require(HubName.isCommit(commit), "a commit of 40 hexadecimal digits");
    List<File> files = new ArrayList<>();
    for (JsonField sibling : answer.at("siblings").items()) {
      JsonField path = sibling.at("rfilename");
      path.require(HubCache.isInside(path.text()), "a path within the repository");
      files.add(new File(path.text(), size(sibling.at("size"))));
    }
    return new HubListing(commit, files);
  }

  private static OptionalLong size(JsonField size) {
    return size.node().isIntegralNumber() && size.node().canConvertToLong()
        ? OptionalLong.of(size.node().longValue())
        : OptionalLong.empty();
  }
}
