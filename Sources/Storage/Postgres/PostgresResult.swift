import CPostgres
import Kernel
import Relational

/// Owns one answer of a server, with its rows.
///
/// Unchecked because libpq never changes an answer that it has handed out, and `detach` is called before others get it:
/// from then on it is only read, and freed once.
final class PostgresResult: @unchecked Sendable {
    /// Nil once its rows are in `block`.
    private var handle: OpaquePointer?
    private var block: UnsafeMutableRawPointer?
    let count: Int
    let columns: Int

    /// Larger ones stay in libpq's memory.
    private static let detachedBytes = 1000

    /// Takes ownership of `handle`.
    init(_ handle: OpaquePointer) {
        self.handle = handle
        count = Int(PQntuples(handle))
        columns = Int(PQnfields(handle))
    }

    deinit {
        PQclear(handle)
        block?.deallocate()
    }

    /// Takes the rows of a small answer out of libpq's memory, which is costly to free on another thread than the one
    /// that took it. Nothing but the rows is left.
    func detach() {
        guard let handle, count * columns <= Self.detachedBytes / 8 else { return }
        var size = columns * 4 + count * columns * 8
        var place = size
        forEachCell { row, column, _ in size += Int(PQgetlength(handle, row, column)) }
        guard size <= Self.detachedBytes else { return }
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        for column in 0..<columns {
            block.storeBytes(of: PQftype(handle, Int32(column)), toByteOffset: column * 4, as: Oid.self)
        }
        forEachCell { row, column, cell in
            let isNull = PQgetisnull(handle, row, column) == 1
            let length = isNull ? 0 : Int(PQgetlength(handle, row, column))
            let at = columns * 4 + cell * 8
            block.storeBytes(of: isNull ? -1 : Int32(place), toByteOffset: at, as: Int32.self)
            block.storeBytes(of: Int32(length), toByteOffset: at + 4, as: Int32.self)
            if length > 0 {
                (block + place).copyMemory(from: PQgetvalue(handle, row, column), byteCount: length)
            }
            place += length
        }
        self.block = block
        PQclear(handle)
        self.handle = nil
    }

    private func forEachCell(_ body: (Int32, Int32, Int) -> Void) {
        for row in 0..<count {
            for column in 0..<columns { body(Int32(row), Int32(column), row * columns + column) }
        }
    }

    /// Of a cell in `block`: where its bytes begin, below 0 for null, and how many they are.
    private func place(_ block: UnsafeMutableRawPointer, _ row: Int, _ column: Int) -> (
        start: Int, count: Int
    ) {
        let at = columns * 4 + (row * columns + column) * 8
        return (
            Int(block.load(fromByteOffset: at, as: Int32.self)),
            Int(block.load(fromByteOffset: at + 4, as: Int32.self))
        )
    }

    var status: ExecStatusType { PQresultStatus(handle) }
    /// Rows that a change changed; 0 for other commands.
    var changes: Int { handle.flatMap { PQcmdTuples($0) }.flatMap { Int(String(cString: $0)) } ?? 0 }
    /// `COMMIT`, `INSERT 0 1`, ...
    var tag: String { handle.flatMap { PQcmdStatus($0) }.map { String(cString: $0) } ?? "" }

    func isNull(_ row: Int, _ column: Int) -> Bool {
        guard row < count, column < columns else { return true }
        if let block { return place(block, row, column).start < 0 }
        return PQgetisnull(handle, Int32(row), Int32(column)) == 1
    }

    /// Valid while this object lives; empty for null.
    func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        guard row < count, column < columns else { return nothing }
        if let block {
            let (start, count) = place(block, row, column)
            return start < 0 ? nothing : UnsafeRawBufferPointer(start: block + start, count: count)
        }
        guard let start = PQgetvalue(handle, Int32(row), Int32(column)) else { return nothing }
        return UnsafeRawBufferPointer(
            start: start, count: Int(PQgetlength(handle, Int32(row), Int32(column))))
    }

    func type(_ column: Int) -> Oid {
        guard column < columns else { return 0 }
        if let block { return block.load(fromByteOffset: column * 4, as: Oid.self) }
        return PQftype(handle, Int32(column))
    }

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
        return UUIDv7(bytes: bytes)
    }

    /// Big-endian, of 1, 2, 4 or 8 bytes.
    private static func signed(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        switch bytes.count {
        case 4: return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case 8: return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        default: break
        }
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
