import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * (FILE CACHE_BYTES)…: replays each trace that evict_replay wrote on a Caffeine cache of its own and prints the ratios of
 * hits, one a line. Maintenance runs in the calling thread, so that nothing is decided late.
 */
public final class CaffeineReplay {
  private CaffeineReplay() {}

  public static void main(String[] arguments) throws IOException {
    for (int i = 0; i < arguments.length; i += 2) {
      System.out.println(hitRatio(Path.of(arguments[i]), Long.parseLong(arguments[i + 1])));
    }
  }

  private static double hitRatio(Path file, long cacheBytes) throws IOException {
    IntBuffer trace = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    // The value is the number of bytes of key and value together.
    Cache<Integer, Integer> cache = Caffeine.newBuilder()
        .maximumWeight(cacheBytes)
        .weigher((Integer key, Integer bytes) -> bytes)
        .executor(Runnable::run)
        .build();
    int requests = trace.remaining() / 2;
    long hits = 0;
    for (int i = 0; i < requests; i++) {
      int key = trace.get();
      int bytes = trace.get();
      if (cache.getIfPresent(key) != null) {
        hits++;
      } else {
        cache.put(key, bytes);
      }
    }
    return (double) hits / requests;
  }
}
