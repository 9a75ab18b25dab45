package mechinterp.tokenizer;

import java.util.List;
import org.eclipse.collections.impl.list.mutable.primitive.IntArrayList;

/** An encoding as it grows. */
final class EncodingBuilder {
  private final IntArrayList ids = new IntArrayList();
  private final IntArrayList starts = new IntArrayList();
  private final IntArrayList ends = new IntArrayList();

  void add(int id, int start, int end) {
    ids.add(id);
    starts.add(start);
    ends.add(end);
  }

  void addOutsideText(List<Integer> special) {
    special.forEach(id -> add(id, 0, 0));
  }

  int size() {
    return ids.size();
  }

  void cutTo(int size) {
    while (ids.size() > size) {
      ids.removeAtIndex(ids.size() - 1);
      starts.removeAtIndex(starts.size() - 1);
      ends.removeAtIndex(ends.size() - 1);
    }
  }

  Encoding build() {
    return new Encoding(ids.toArray(), starts.toArray(), ends.toArray());
  }
}
