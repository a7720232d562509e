import {
  type ColumnDefinitionNode,
  DataTypeNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type QueryId,
  RawNode,
} from "kysely";

/**
 * Lets one source of migrations serve both databases: the column types that they name become those of PostgreSQL.
 *
 * Text sorts and compares by its bytes, as in SQLite, whatever the locale of the database is; cursors and pages rely on it.
 */
export class PostgresTypesPlugin implements KyselyPlugin {
  readonly #transformer = new TypesTransformer();

  transformQuery: KyselyPlugin["transformQuery"] = ({ node, queryId }) =>
    this.#transformer.transformNode(node, queryId);

  transformResult: KyselyPlugin["transformResult"] = ({ result }) => Promise.resolve(result);
}

class TypesTransformer extends OperationNodeTransformer {
  protected override transformColumnDefinition(
    node: ColumnDefinitionNode,
    queryId?: QueryId,
  ): ColumnDefinitionNode {
    const column = super.transformColumnDefinition(node, queryId);
    const type = DataTypeNode.is(column.dataType) ? column.dataType.dataType : undefined;
    if (type === "text") {
      return { ...column, dataType: RawNode.createWithSql('text collate "C"') };
    }
    if (type === "blob") return { ...column, dataType: RawNode.createWithSql("bytea") };
    // SQLite's integers have 64 bits, and what is counted in them may need them.
    if (type === "integer") return { ...column, dataType: DataTypeNode.create("bigint") };
    return column;
  }
}
