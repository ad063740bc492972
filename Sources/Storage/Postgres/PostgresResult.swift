import CPostgres
import Kernel
import Relational

/// Owns one answer of a server, with its rows.
///
/// Unchecked because libpq never changes an answer that it has handed out: it is only read, and freed once.
final class PostgresResult: @unchecked Sendable {
    private let handle: OpaquePointer

    /// Takes ownership of `handle`.
    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    var status: ExecStatusType { PQresultStatus(handle) }
    var count: Int { Int(PQntuples(handle)) }
    var columns: Int { Int(PQnfields(handle)) }
    /// Rows that a change changed; 0 for other commands.
    var changes: Int { PQcmdTuples(handle).flatMap { Int(String(cString: $0)) } ?? 0 }
    /// `COMMIT`, `INSERT 0 1`, ...
    var tag: String { PQcmdStatus(handle).map { String(cString: $0) } ?? "" }

    func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(handle, Int32(row), Int32(column)) == 1 }

    /// Valid while this object lives; empty for null.
    func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        guard let start = PQgetvalue(handle, Int32(row), Int32(column)) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(
            start: start, count: Int(PQgetlength(handle, Int32(row), Int32(column))))
    }

    func type(_ column: Int) -> Oid { PQftype(handle, Int32(column)) }

    /// Columns of a row that was asked for as text.
    func texts(_ row: Int) -> [String?] {
        (0..<columns).map { isNull(row, $0) ? nil : String(decoding: bytes(row, $0), as: UTF8.self) }
    }

    /// The error that this is.
    var error: PostgresError {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue else { return nil }
            return PQresultErrorField(handle, Int32(ascii)).map { String(cString: $0) }
        }
        // PG_DIAG_SQLSTATE, _MESSAGE_PRIMARY and _CONSTRAINT_NAME: macros that Swift sees as numbers of other types.
        let message = field("M") ?? String(cString: PQresultErrorMessage(handle))
        guard let sqlState = field("C") else { return PostgresError(.connectionLost, message: message) }
        let error = PostgresError(sqlState: sqlState, message: message, constraint: field("n"))
        // PG_DIAG_SEVERITY_NONLOCALIZED: after these the server ends the connection by itself.
        guard let severity = field("V"), severity == "FATAL" || severity == "PANIC" else { return error }
        return PostgresError(.connectionLost, sqlState: sqlState, message: message)
    }
}

/// One row of an answer in binary form.
struct PostgresRow: SQLRow {
    let result: PostgresResult
    let row: Int

    // From the server's catalogue; these never change.
    private static let bool: Oid = 16, int8: Oid = 20, int2: Oid = 21, int4: Oid = 23
    private static let float4: Oid = 700, float8: Oid = 701, numeric: Oid = 1700, uuid: Oid = 2950

    func isNull(_ index: Int) -> Bool { result.isNull(row, index) }

    func integer(_ index: Int) -> Int64 {
        let bytes = result.bytes(row, index)
        switch result.type(index) {
        case Self.bool, Self.int2, Self.int4, Self.int8: return Self.signed(bytes)
        case Self.float4, Self.float8, Self.numeric: return Int64(exactly: real(index).rounded()) ?? 0
        default: return Int64(String(decoding: bytes, as: UTF8.self)) ?? 0
        }
    }

    func real(_ index: Int) -> Double {
        let bytes = result.bytes(row, index)
        switch result.type(index) {
        case Self.float8: return Double(bitPattern: UInt64(bitPattern: Self.signed(bytes)))
        case Self.float4: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: Self.signed(bytes))))
        case Self.numeric: return Self.decimal(bytes)
        case Self.bool, Self.int2, Self.int4, Self.int8: return Double(Self.signed(bytes))
        default: return Double(String(decoding: bytes, as: UTF8.self)) ?? 0
        }
    }

    func text(_ index: Int) -> String {
        switch result.type(index) {
        case Self.bool, Self.int2, Self.int4, Self.int8: String(integer(index))
        case Self.float4, Self.float8, Self.numeric: String(real(index))
        case Self.uuid: uuid(index)?.description ?? ""
        default: String(decoding: result.bytes(row, index), as: UTF8.self)
        }
    }

    func blob(_ index: Int) -> [UInt8] { [UInt8](result.bytes(row, index)) }

    func uuid(_ index: Int) -> UUIDv7? {
        let bytes = result.bytes(row, index)
        guard bytes.count == 16 else { return UUIDv7(String(decoding: bytes, as: UTF8.self)) }
        return UUIDv7(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// Big-endian, of 1, 2, 4 or 8 bytes.
    private static func signed(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        guard let first = bytes.first else { return 0 }
        return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    /// A sum of integers is one: digits in base 10,000 behind four headers of two bytes.
    private static func decimal(_ bytes: UnsafeRawBufferPointer) -> Double {
        func word(_ index: Int) -> Int {
            guard bytes.count >= index * 2 + 2 else { return 0 }
            return Int(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)))
        }
        let (digits, weight, isNegative) = (word(0), word(1), word(2) == 0x4000)
        var value = 0.0
        for index in 0..<max(0, digits) {
            var digit = Double(word(4 + index))
            for _ in 0..<abs(weight - index) { digit = weight > index ? digit * 10_000 : digit / 10_000 }
            value += digit
        }
        return isNegative ? -value : value
    }
}
