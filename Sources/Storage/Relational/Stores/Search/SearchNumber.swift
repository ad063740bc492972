import Kernel
import Search

/// The numbers of documents: the time at which a thing was made, with room for those of one millisecond behind it. So
/// the order of numbers is that of recency, on every engine and after every rebuild.
enum SearchNumber {
    private static let shift: Int64 = 10
    private static let latest: Int64 = 1 << 48

    /// Of a thing with that id, if no other has it.
    static func first(for id: UUIDv7) -> Int64 {
        start(of: id.timestamp) | Int64(id.high & 0xFFF) >> 2
    }

    /// How many numbers from the first may be tried.
    static let attempts: Int64 = 1 << 12

    static func range(_ filter: SearchFilter, before number: Int64?) -> Range<Int64> {
        let lower = filter.from.map(start) ?? 0
        let upper = min(filter.until.map(start) ?? .max, number ?? .max)
        return lower..<max(lower, upper)
    }

    private static func start(of time: Timestamp) -> Int64 {
        min(max(0, time.milliseconds), latest) << shift
    }

    /// A tenant's short name for a text index: three characters of no script, by chance rarely another's too.
    static func scope(of tenant: TenantID) -> String {
        let (first, count): (UInt64, UInt64) = (0xE000, 6_400)
        var hash = tenant.uuid.low ^ (tenant.uuid.high &* 0x9E37_79B9_7F4A_7C15)
        var scalars = String.UnicodeScalarView()
        for _ in 0..<3 {
            if let scalar = Unicode.Scalar(UInt32(first + hash % count)) { scalars.append(scalar) }
            hash /= count
        }
        return String(scalars)
    }
}
