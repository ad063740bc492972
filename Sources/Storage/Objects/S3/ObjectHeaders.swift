import Kernel
import NIOHTTP1

/// What an answer's headers say of its object.
struct ObjectHeaders: Sendable {
    /// The multipart upload that made the object, if it was one of ours.
    static let uploadHeader = "x-amz-meta-upload"
    /// Length of the parts it was made of.
    static let partBytesHeader = "x-amz-meta-part-bytes"

    let stat: ObjectStat
    /// The bytes that the answer's body holds.
    let served: Range<Int64>
    let upload: String?
    let partBytes: Int64?
    /// Under encryption with managed keys the ETag is no hash of the bytes.
    let hasHashETag: Bool

    /// `unavailable` if they are not those of an object.
    init(_ headers: HTTPHeaders) throws(Failure) {
        guard let etag = headers.first(name: "ETag"),
            let length = headers.first(name: "Content-Length").flatMap({ Int64($0) }), length >= 0
        else { throw .unavailable("The object store", cause: Incomplete()) }
        var total = length
        var served = 0..<length
        if let text = headers.first(name: "Content-Range") {
            guard let range = Self.contentRange(text), range.served.count == length else {
                throw .unavailable("The object store", cause: Incomplete())
            }
            (served, total) = range
        }
        self.served = served
        let modified = headers.first(name: "Last-Modified").flatMap(Timestamp.init(http:))
        stat = ObjectStat(
            bytes: total, etag: Self.unquoted(etag),
            contentType: headers.first(name: "Content-Type") ?? "",
            modified: modified ?? Timestamp(milliseconds: 0))
        upload = headers.first(name: Self.uploadHeader)
        partBytes = headers.first(name: Self.partBytesHeader).flatMap { Int64($0) }.flatMap {
            $0 > 0 ? $0 : nil
        }
        let encryption = headers.first(name: "x-amz-server-side-encryption")
        hasHashETag =
            encryption?.hasPrefix("aws:kms") != true
            && headers.first(name: "x-amz-server-side-encryption-customer-algorithm") == nil
    }

    struct Incomplete: Error, CustomStringConvertible {
        var description: String { "the answer's headers are not those of an object" }
    }

    static func unquoted(_ etag: String) -> String {
        var text = Substring(etag)
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        return text.filter { $0 != "\"" }
    }

    /// `bytes 0-9/100`
    private static func contentRange(_ text: String) -> (served: Range<Int64>, total: Int64)? {
        let parts = text.split { " -/".contains($0) }
        guard parts.count == 4, parts[0] == "bytes", let first = Int64(parts[1]), let last = Int64(parts[2]),
            let total = Int64(parts[3]), first >= 0, first <= last, last < total
        else { return nil }
        return (first..<last + 1, total)
    }
}

extension Timestamp {
    /// Of a date as HTTP writes it: `Fri, 02 Jan 2026 03:04:05 GMT`.
    init?(http text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let fields = text.split { " :".contains($0) }
        guard fields.count == 8, fields[7] == "GMT", let day = Int64(fields[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(fields[2])), let year = Int64(fields[3]),
            (1970...9999).contains(year), let hour = Int64(fields[4]), let minute = Int64(fields[5]),
            let second = Int64(fields[6])
        else { return nil }
        // Years that begin in March have their leap day at the end (Howard Hinnant's `days_from_civil`).
        let shifted = month < 2 ? year - 1 : year
        let inYear = (153 * Int64((month + 10) % 12) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + inYear - 719_468
        self.init(milliseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
    }
}

extension ByteRange {
    /// More than any object has; some servers fail to count so far.
    private static let beyond: Int64 = 1 << 50

    /// The value of `Range`; nil for a range that no object has.
    var header: String? {
        switch self {
        case .from(let start) where start >= 0: "bytes=\(start)-"
        case .span(let start, let end) where start >= 0 && start <= end:
            end < Self.beyond ? "bytes=\(start)-\(end)" : "bytes=\(start)-"
        case .last(let count) where count > 0: count < Self.beyond ? "bytes=-\(count)" : "bytes=0-"
        default: nil
        }
    }
}
